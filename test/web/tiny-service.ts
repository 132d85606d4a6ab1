import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

import { startService } from "../../local/serve.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { tinyNetwork } from "../support/tiny-network.ts";
import { launch } from "./browser.ts";

/** `serve` with the network `tiny` and a renderer that draws at once; its address, and its end. */
export async function startTinyService() {
  const folder = await mkdtemp(join(tmpdir(), "dreamgrid-page-"));
  await tinyNetwork(folder);
  const service = await startService({
    dataFolder: join(folder, "data"),
    awsPort: 0,
    apiPort: 0,
    renderer: new FakeRenderer(),
    networkFolders: [folder],
    recoverySeconds: 2,
  });
  return {
    url: service.api.url,
    stop: async () => {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A browser and the service of the network `tiny`, which the tests of a group share. */
export function tinyServiceAndBrowser() {
  let browser: Browser;
  let service: Awaited<ReturnType<typeof startTinyService>>;

  beforeAll(async () => {
    service = await startTinyService();
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  return { browser: () => browser, url: () => service.url };
}
