import { type ApiServer, startApiServer } from "../api-adapter.ts";
import { doAll } from "../do-all.ts";
import { errorLog } from "../log.ts";
import { OneBrowser } from "./one-browser.ts";
import { PageServer } from "./page-server.ts";
import type { RemoteApi } from "./serve-page.ts";
import { signedApi } from "./signed-api.ts";
import { apiPublisher } from "./upload-network.ts";

export interface OpenPageOptions extends RemoteApi {
  /** 0 for a free one. */
  readonly port: number;
  /** In place of signatures. */
  readonly apiKey?: string | undefined;
}

/**
 * Starts the page of a deployed API on the loopback interface, for one browser.
 *
 * @returns its server; `url` is the address that lets that browser in
 */
export async function startOpenPage({
  url,
  region,
  port,
  apiKey,
}: OpenPageOptions): Promise<ApiServer> {
  const api = signedApi(url, region, { apiKey });
  const page = new PageServer({
    api,
    publisher: apiPublisher(api),
    events: null,
    remote: { url, region },
    log: errorLog("page"),
  });
  const browser = new OneBrowser();
  const server = await startApiServer(api, port, browser.guard(page.answer));
  return {
    url: `${server.url}/?token=${browser.token}`,
    close: () => doAll([() => page.close(), () => server.close()]),
  };
}
