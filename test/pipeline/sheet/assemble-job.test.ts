import { expect, test } from "vitest";

import { decodeImage } from "../../../lib/image/png.ts";
import { type AssembleDeps, assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { cancelJob } from "../../../lib/pipeline/job/cancel-job.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { readJobStatus } from "../../../lib/pipeline/job/job-status.ts";
import { jobIdOf, roundKeys } from "../../../lib/pipeline/keys.ts";
import type { Completion } from "../../../lib/pipeline/job/tally.ts";
import { reconcileJob, type ReconcileDeps } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import {
  deliveries,
  type MemoryPipeline,
  memoryPipeline,
  readJsonObject,
} from "../../support/memory-pipeline.ts";

function assemblerOf(pipeline: MemoryPipeline) {
  const completions: Completion[] = [];
  const deps: ReconcileDeps = {
    ...pipeline.deps,
    onCompleted: (completion) => void completions.push(completion),
  };
  return { deps, completions };
}

async function render(
  pipeline: MemoryPipeline,
  from: number,
  to: number,
  renderer = new FakeRenderer(),
) {
  await renderMessages(deliveries(pipeline.cpu).slice(from, to), pipeline.renderDeps(renderer));
}

test("a job waits until its last channel has ended, and is completed once", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const { deps, completions } = assemblerOf(pipeline);
  expect(await assembleJob(pipeline.jobs.open("unknown-job"), deps)).toBe("unknown");
  expect(await assembleJob(pipeline.jobs.open(jobId), deps)).toBe("waiting");
  await render(pipeline, 0, 4);
  expect(await assembleJob(pipeline.jobs.open(jobId), deps)).toBe("waiting");
  expect(await pipeline.jobs.open(jobId).findProgress()).toMatchObject({
    state: "running",
    total: 5,
    ok: 4,
    failed: 0,
    counted: "1:4",
    meanActivation: (1.1 + 2.1 + 3.1 + 4.1) / 4,
  });
  await render(pipeline, 4, 5);
  expect(await assembleJob(pipeline.jobs.open(jobId), deps)).toBe("completed");
  expect(await assembleJob(pipeline.jobs.open(jobId), deps)).toBe("ended");
  expect(completions).toHaveLength(1);
  expect(await pipeline.jobs.open(jobId).findCompletion()).toEqual(completions[0]);
  expect(completions[0]).toMatchObject({ state: "completed", total: 5, ok: 5 });
});

test("sheet and manifest tell what is where", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({
    layer: "classes",
    channels: ["zebra", "snail"],
    montage: { borderSize: 2, gridSize: [1, 2], title: "" },
  });
  await render(pipeline, 0, 2, new FakeRenderer({ unrenderable: [1] }));
  await assembleJob(pipeline.jobs.open(jobId), assemblerOf(pipeline).deps);
  const manifest = await readJsonObject(pipeline.store, roundKeys(jobId).manifest);
  expect(manifest).toMatchObject({
    state: "completed_with_failures",
    ok: 1,
    failed: 1,
    layer: { index: 5, name: "classes" },
    sheet: { rows: 1, columns: 2, width: 48, pages: [], deepZoom: null },
    tiles: [
      {
        channel: 3,
        channelIndex: 2,
        label: "zebra",
        state: "ok",
        activations: [[3, 3.1]],
        provider: "cpu",
        place: { x: 2, y: 2, width: 20 },
      },
      { channel: 1, label: "snail", state: "failed", reason: "channel 1 has no gradient" },
    ],
  });
  // images of one job may be drawn on different ones
  expect(manifest).not.toHaveProperty("provider");
  const sheet = await decodeImage(await pipeline.store.get(roundKeys(jobId).montage()));
  const tile = await decodeImage(await pipeline.store.get(roundKeys(jobId).tile(3)));
  const rowOf = (raster: typeof sheet, x: number, y: number) => [
    ...raster.data.subarray((y * raster.width + x) * 3, (y * raster.width + x + 20) * 3),
  ];
  expect(rowOf(sheet, 2, 2 + 7)).toEqual(rowOf(tile, 0, 7));
});

test("racing assemblers, and one that ends before the marker, complete a job once with the same bytes", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  await render(pipeline, 0, 5);
  const cutOff: AssembleDeps = {
    ...assemblerOf(pipeline).deps,
    onProgress: ({ state }) => {
      if (state !== "running") throw new Error("cut off");
    },
  };
  await expect(assembleJob(pipeline.jobs.open(jobId), cutOff)).rejects.toThrow("cut off");
  const before = await pipeline.store.get(roundKeys(jobId).montage());
  const manifest = await pipeline.store.get(roundKeys(jobId).manifest);

  // each in a process of its own, which reads the plan that the first one made
  const assemblers = Array.from({ length: 4 }, () => assemblerOf(pipeline));
  const outcomes = await Promise.all(
    assemblers.map(({ deps }) => assembleJob(new Jobs(pipeline.store).open(jobId), deps)),
  );
  expect(outcomes.filter((outcome) => outcome === "completed")).toHaveLength(1);
  expect(assemblers.flatMap(({ completions }) => completions)).toHaveLength(1);
  expect(await pipeline.store.get(roundKeys(jobId).montage())).toEqual(before);
  expect(await pipeline.store.get(roundKeys(jobId).manifest)).toEqual(manifest);
});

test("reconcile asks to be called again while channels are missing, and not after the end", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const { deps } = assemblerOf(pipeline);
  expect(await reconcileJob(pipeline.jobs.open("unknown-job"), deps)).toBe("unknown");
  expect(pipeline.assembly.sent).toHaveLength(1);
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("waiting");
  expect(pipeline.assembly.sent).toHaveLength(2);
  expect(pipeline.assembly.sent[1]).toEqual(pipeline.assembly.sent[0]);
  await render(pipeline, 0, 5);
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("completed");
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("ended");
  expect(pipeline.assembly.sent).toHaveLength(2);
});

test("reconcile sends what an interrupted intake did not send", async () => {
  const pipeline = await memoryPipeline();
  pipeline.cpu.failAfter(2);
  await expect(pipeline.accept()).rejects.toThrow("out of reach");
  const [folder = ""] = pipeline.store.keys("jobs/");
  const jobId = jobIdOf(folder) ?? "";
  await render(pipeline, 0, 2);
  expect(await reconcileJob(pipeline.jobs.open(jobId), assemblerOf(pipeline).deps)).toBe("waiting");
  expect(pipeline.cpu.bodies.slice(2)).toEqual([3, 4, 5].map((channel) => ({ jobId, channel })));
  await render(pipeline, 2, 5);
  expect(await assembleJob(pipeline.jobs.open(jobId), assemblerOf(pipeline).deps)).toBe(
    "completed",
  );
});

test("at the deadline missing channels become failed, and what is there stays", async () => {
  const pipeline = await memoryPipeline();
  const { jobId, deadline } = await pipeline.accept();
  await render(pipeline, 0, 3);
  const { deps, completions } = assemblerOf(pipeline);
  pipeline.clock.now = new Date(new Date(deadline).getTime() - 1);
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("waiting");
  pipeline.clock.now = new Date(deadline);
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("completed");
  expect(completions[0]).toMatchObject({ state: "completed_with_failures", ok: 3, failed: 2 });
  expect(await pipeline.jobs.open(jobId).result(5)).toMatchObject({
    state: "failed",
    source: "deadline",
  });
  const late = new FakeRenderer();
  await render(pipeline, 0, 5, late);
  expect(late.calls).toEqual([]);
});

test("a machine that was off draws what is missing at the deadline, and keeps what has failed", async () => {
  const pipeline = await memoryPipeline();
  const { jobId, deadline } = await pipeline.accept();
  await render(pipeline, 0, 3, new FakeRenderer({ unrenderable: [1] }));
  const { deps, completions } = assemblerOf(pipeline);
  const here = { ...deps, overdue: "drawn" } as const;
  const latest = () => pipeline.jobs.open(jobId).latest();
  pipeline.clock.now = new Date(deadline);
  expect(await reconcileJob(await latest(), here)).toBe("waiting");
  // looked at once more, it goes on waiting
  expect(await reconcileJob(await latest(), here)).toBe("waiting");
  expect(pipeline.cpu.bodies.slice(5)).toEqual(
    [4, 5].map((channel) => ({ jobId, channel, round: 1 })),
  );
  await render(pipeline, 5, 7);
  // past this round's deadline too, where nothing is missing
  pipeline.clock.now = new Date(2 * new Date(deadline).getTime());
  expect(await reconcileJob(await latest(), here)).toBe("completed");
  expect(completions[0]).toMatchObject({ state: "completed_with_failures", ok: 4, failed: 1 });
});

test("a cancelled job ends at once with what it has", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  await render(pipeline, 0, 2);
  const { deps, completions } = assemblerOf(pipeline);
  expect(await cancelJob(pipeline.jobs.open("unknown-job"), deps)).toBe("unknown");
  expect(await cancelJob(pipeline.jobs.open(jobId), deps)).toBe("cancelling");
  expect(await cancelJob(pipeline.jobs.open(jobId), deps)).toBe("cancelling");
  expect((await readJobStatus(pipeline.jobs.open(jobId)))?.state).toBe("cancelling");
  expect(pipeline.assembly.sent.at(-1)).toEqual({
    body: JSON.stringify({ type: "reconcile", jobId }),
    groupId: jobId,
  });
  expect(await reconcileJob(pipeline.jobs.open(jobId), deps)).toBe("completed");
  expect(completions[0]).toMatchObject({ state: "cancelled", ok: 2, cancelled: 3 });
  expect(await cancelJob(pipeline.jobs.open(jobId), deps)).toBe("ended");
});

test("the status is exact though the snapshot lags behind", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const { deps } = assemblerOf(pipeline);
  const status = () => readJobStatus(pipeline.jobs.open(jobId));
  expect(await readJobStatus(pipeline.jobs.open("unknown-job"))).toBeNull();
  expect(await status()).toMatchObject({ state: "queued", ok: 0, meanActivation: null });
  await render(pipeline, 0, 2);
  await assembleJob(pipeline.jobs.open(jobId), deps);
  await render(pipeline, 2, 4, new FakeRenderer({ unrenderable: [3] }));
  const running = await status();
  expect(running).toMatchObject({ state: "running", ok: 3, failed: 1, completion: null });
  expect(running?.meanActivation).toBeCloseTo((1.1 + 2.1 + 4.1) / 3, 10);
  await render(pipeline, 4, 5);
  await assembleJob(pipeline.jobs.open(jobId), deps);
  expect(await status()).toMatchObject({
    state: "completed_with_failures",
    ok: 4,
    failed: 1,
    completion: { total: 5 },
  });
});
