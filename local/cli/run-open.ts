import type { Environment } from "../../lib/networks/folders.ts";
import { startOpenPage } from "../page/open-page.ts";
import { interruption, portProblem } from "./listening.ts";
import { openInViewer } from "./open-in-viewer.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface OpenFlags {
  readonly api: string;
  readonly region?: string;
  readonly port: number;
}

export async function runOpen(
  { api: given, region, port }: OpenFlags,
  { env, print, isWatched }: Terminal,
): Promise<void> {
  const url = apiUrl(given);
  const page = await startOpenPage({
    url,
    region: regionOf(url, region, env),
    port,
    apiKey: env["API_KEY"] || undefined,
  }).catch((error: unknown) => {
    throw portProblem(error, "choose another with --port");
  });
  print(`the page of ${url.href}, for one browser, is at ${page.url}`);
  if (isWatched) await openInViewer(page.url, env);
  await interruption();
  await page.close();
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
  const region = given ?? inHost ?? (env["AWS_REGION"] || env["AWS_DEFAULT_REGION"]);
  if (region) return region;
  throw new UsageError(`${url.hostname} does not name its region; give it with --region`);
}
