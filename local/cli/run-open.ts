import type { Environment } from "../../lib/networks/folders.ts";
import { startApiServer } from "../api-adapter.ts";
import { errorLog } from "../log.ts";
import { PageServer } from "../page/page-server.ts";
import { signedApi } from "../page/signed-api.ts";
import { apiPublisher } from "../page/upload-network.ts";
import { openInViewer } from "./open-in-viewer.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface OpenFlags {
  readonly api: string;
  readonly region?: string;
  readonly port: number;
}

export async function runOpen(
  { api: address, region, port }: OpenFlags,
  { env, print, isWatched }: Terminal,
): Promise<void> {
  const url = apiUrl(address);
  const api = signedApi(url, regionOf(url, region, env));
  const page = new PageServer({
    publisher: apiPublisher(api),
    events: null,
    log: errorLog("page"),
  });
  const server = await startApiServer(api, port, page.answer);
  print(`the page of ${url.href} is at ${server.url}`);
  if (isWatched) await openInViewer(server.url, env);
  await interruption();
  await page.close();
  await server.close();
}

/** @throws UsageError unless it is an address of a server */
function apiUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(
    `--api: given '${address}'; wanted an address such as https://...amazonaws.com/prod`,
  );
}

function regionOf(url: URL, given: string | undefined, env: Environment): string {
  const [, inHost] = /\.execute-api\.([a-z0-9-]+)\./.exec(url.hostname) ?? [];
  const region = given ?? inHost ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (region !== undefined && region !== "") return region;
  throw new UsageError(`${url.hostname} does not name its region; give it with --region`);
}

/** Resolves at the first SIGINT or SIGTERM. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}
