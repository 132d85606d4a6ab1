import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { publishNetwork } from "../../lib/pipeline/networks/publish-network.ts";
import { parseRequest } from "../../lib/pipeline/request/request.ts";
import { followJob, submitRequest } from "../../local/follow-job.ts";
import { type LocalPipeline, startLocalPipeline } from "../../local/pipeline.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { checkAccounts } from "../support/check-accounts.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";
import { startProcess } from "../support/fault-run.ts";
import { TINY_REQUEST } from "../support/memory-pipeline.ts";
import { promised } from "../support/promised.ts";
import { tinyNetwork } from "../support/tiny-network.ts";
import { untilTrue } from "../support/until.ts";

/** `npm run test:faults` runs the sizes of the specification. */
const IS_FULL = process.env["DREAMGRID_FAULT_SEEDS"] !== undefined;
const LARGE_JOB = IS_FULL ? 2_000 : 80;

async function startPipeline(channels: number, renderer: FakeRenderer | null) {
  const folder = await temporaryFolder();
  const dataFolder = join(folder, "data");
  // by which it is known how many channels are in hand
  const pipeline = await startLocalPipeline({ dataFolder, renderer, threads: 2 });
  onTestFinished(() => pipeline.stop());
  await publishNetwork(pipeline.store, await tinyNetwork(folder, { wideChannels: channels }));
  return { pipeline, folder };
}

async function accept(pipeline: LocalPipeline, fields: object) {
  const acceptance = await submitRequest(pipeline, parseRequest({ ...TINY_REQUEST, ...fields }));
  if (acceptance.status === "accepted") return acceptance.plan;
  throw new Error(acceptance.problems.join("; "));
}

test("of a large and a small job at once the small one does not wait for the large one", async () => {
  const [begun, bothAreIn] = promised();
  const renderer = new FakeRenderer({ beforeChannel: () => begun });
  const { pipeline } = await startPipeline(LARGE_JOB, renderer);
  const large = await accept(pipeline, { channels: "all" });
  const small = await accept(pipeline, { channels: "1:6", seed: 1 });
  bothAreIn();
  for (const plan of [large, small]) {
    expect(await followJob(pipeline, plan)).toMatchObject({ state: "completed" });
  }
  const rendered = renderer.tasks.flatMap(({ request, channels }) =>
    channels.map(() => request.seed),
  );
  // in the order of their coming they would be the last
  const firstHalf = rendered.slice(0, LARGE_JOB / 2);
  expect(firstHalf.filter((seed) => seed === 1)).toHaveLength(6);
  expect(rendered).toHaveLength(LARGE_JOB + 6);
});

test("each of many threads has an image at once", async () => {
  const folder = await temporaryFolder();
  const renderer = new FakeRenderer({ beforeChannel: (_, stop) => untilStopped(stop) });
  const dataFolder = join(folder, "data");
  const pipeline = await startLocalPipeline({ dataFolder, renderer, threads: 32 });
  onTestFinished(() => pipeline.stop());
  await publishNetwork(pipeline.store, await tinyNetwork(folder, { wideChannels: 100 }));
  await accept(pipeline, { channels: "all" });
  const begun = () => renderer.calls.flat().length;
  await untilTrue(
    () => begun() >= 32,
    () => `${begun()} of 100 channels are begun`,
  );
  // the rest waits, for whoever else may come
  expect(begun()).toBeLessThan(100);
});

test.runIf(IS_FULL)("7,000 channels all end", async () => {
  const { pipeline, folder } = await startPipeline(7_000, null);
  const config = {
    url: pipeline.endpoint.url,
    modelCacheFolder: join(folder, "cache"),
    role: "worker",
    noise: 0,
    diesAfterChannels: null,
    diesAssembling: false,
    isHeld: false,
  } as const;
  const worker = await startProcess({ ...config, throwing: [], vanishing: [] }, folder);
  await worker.ready;
  onTestFinished(async () => {
    worker.child.disconnect();
    await worker.death;
  });
  const plan = await accept(pipeline, { channels: "all" });
  const completion = await followJob(pipeline, plan);
  expect(completion).toMatchObject({ state: "completed", ok: 7_000 });
  expect(await checkAccounts(pipeline.store, plan.jobId)).toHaveLength(7_000);
});
