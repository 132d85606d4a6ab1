import { expect, test } from "vitest";

import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline } from "../../support/memory-pipeline.ts";

test("channels of a cancelled job end as cancelled, without an image", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2] });
  await pipeline.store.put(roundKeys(jobId).cancel, Buffer.from("{}"), "application/json");
  const renderer = new FakeRenderer();
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer))).toEqual([]);
  expect(renderer.calls).toEqual([]);
  expect((await pipeline.jobs.open(jobId).result(2)).state).toBe("cancelled");
});

test("channels of a job that has been deleted are done with, and leave nothing", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2] });
  for (const key of pipeline.store.keys(`jobs/${jobId}/`)) await pipeline.store.delete(key);
  const renderer = new FakeRenderer();
  // by a worker that has never seen it
  const deps = { ...pipeline.renderDeps(renderer), jobs: new Jobs(pipeline.store) };
  expect(await renderMessages(deliveries(pipeline.cpu), deps)).toEqual([]);
  expect(renderer.calls).toEqual([]);
  expect(pipeline.store.keys(`jobs/${jobId}/`)).toEqual([]);
});

test("a channel that ended as cancelled while its image was drawn is told as that", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2] });
  const job = pipeline.jobs.open(jobId);
  const renderer = new FakeRenderer({
    beforeChannel: async (channel) => {
      if (channel !== 2) return;
      await job.cancel(pipeline.clock.now);
      await job.end(2, { state: "cancelled" }, { attempts: 1, now: pipeline.clock.now });
    },
  });
  const told: unknown[] = [];
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer), {
    onResult: (result) => told.push(result),
  });
  expect(told).toMatchObject([
    { channel: 1, state: "ok" },
    { channel: 2, state: "cancelled" },
  ]);
  expect(await pipeline.jobs.open(jobId).result(2)).toEqual(told[1]);
});
