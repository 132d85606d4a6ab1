import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

import type { VersionedPhotograph } from "../../lib/pipeline/dataset/dataset-looks.ts";
import { type Service, startService } from "../../local/serve.ts";
import { FakeRenderer, type FakeRendererOptions } from "../support/fake-renderer.ts";
import { tinyNetwork, type TinyNetworkOptions } from "../support/tiny-network.ts";
import { untilTrue } from "../support/until.ts";
import { closePages, sharedBrowser } from "./browser.ts";

interface TinyServiceOptions {
  /** @default `tiny` alone */
  readonly networks?: readonly TinyNetworkOptions[];
  /** Folders of more networks. @default none */
  readonly networkFolders?: readonly string[];
  /** Of which the page shows those that excite channels. @default none */
  readonly photographs?: readonly VersionedPhotograph[];
  /** @default draws at once */
  readonly renderer?: FakeRendererOptions;
}

/** `serve` with small networks and a renderer that draws what is asked of it, in a new folder. */
export async function startTinyService(options: TinyServiceOptions = {}) {
  const { networks = [{}], networkFolders = [], photographs, renderer } = options;
  const folder = await mkdtemp(join(tmpdir(), "dreamgrid-page-"));
  for (const network of networks) await tinyNetwork(folder, network);
  const start = (apiPort = 0, data = "data") =>
    startService({
      dataFolder: join(folder, data),
      awsPort: 0,
      apiPort,
      renderer: new FakeRenderer(renderer),
      networkFolders: [folder, ...networkFolders],
      photographs,
      recoverySeconds: 2,
    });
  let service = await start();
  return {
    folder,
    url: service.api.url,
    /** Another service of the same networks. */
    another: (data: string, apiPort = 0): Promise<Service> => start(apiPort, data),
    goAway: () => service.stop(),
    /** At the same address. */
    comeBack: async (): Promise<void> => {
      service = await start(portOf(service));
    },
    stop: async () => {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function portOf({ api }: Service): number {
  return Number(new URL(api.url).port);
}

/** A browser and a service, which the tests of a group share. */
export function tinyServiceAndBrowser(options: TinyServiceOptions = {}) {
  let browser: Browser;
  let service: Awaited<ReturnType<typeof startTinyService>>;

  beforeAll(async () => {
    service = await startTinyService(options);
    browser = await sharedBrowser();
  });

  afterAll(async () => {
    await closePages();
    await service.stop();
  });

  return { browser: () => browser, url: () => service.url, service: () => service };
}

/** Sends a request for layer `wide` of `tiny`, of two iterations. */
export function postJob(url: string, fields: Readonly<Record<string, unknown>>): Promise<Response> {
  return fetch(`${url}/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ network: "tiny", layer: "wide", numIterations: 2, ...fields }),
  });
}

/** Draws what needs no waiting, so that a test has pictures to look at. @returns the job's id */
export async function drawJob(
  url: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { jobId } = (await (await postJob(url, fields)).json()) as { jobId: string };
  await untilTrue(
    async () => {
      // of its channels' results, which are looked up one by one, the first alone
      const job = await (await fetch(`${url}/jobs/${jobId}?limit=1`)).json();
      return (job as { completedAt: string | null }).completedAt !== null;
    },
    () => `job ${jobId} did not end`,
  );
  return jobId;
}
