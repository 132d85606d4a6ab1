import { expect, test } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import type { OutgoingMessage } from "../../../lib/queue/message-queue.ts";
import { reconcileJob } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import { MemoryQueue } from "../../support/memory-queue.ts";
import { memoryPipeline, NOW, TINY_REQUEST } from "../../support/memory-pipeline.ts";

/** More channels than `auto` leaves to the CPU. */
const CHANNELS = 101;
const AFTER_PATIENCE = new Date(NOW.getTime() + 870_000);

async function jobOnGpu(executionEnvironment: "auto" | "gpu") {
  const pipeline = await memoryPipeline({ wideChannels: CHANNELS });
  const gpu = new MemoryQueue();
  const queues = { cpu: pipeline.cpu, cuda: gpu };
  const deps = { ...pipeline.deps, queues };
  const request = { ...TINY_REQUEST, channels: "all", executionEnvironment };
  const acceptance = await acceptRequest(request, deps);
  if (acceptance.status === "rejected") throw new Error(acceptance.problems.join());
  const job = pipeline.jobs.open(acceptance.jobId);
  expect(gpu.sent).toHaveLength(CHANNELS);
  expect(pipeline.cpu.sent).toEqual([]);
  return { pipeline, deps, job, sentToCpu: () => pipeline.cpu.sent.length };
}

test("a job that no GPU worker has touched goes to the CPU, once", async () => {
  const { pipeline, deps, job, sentToCpu } = await jobOnGpu("auto");
  pipeline.clock.now = new Date(AFTER_PATIENCE.getTime() - 1);
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(0);
  pipeline.clock.now = AFTER_PATIENCE;
  await reconcileJob(job, deps);
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(CHANNELS);
});

test("the first look finds a job that waits for GPU workers, although it was sent for before", async () => {
  const { pipeline, deps, job, sentToCpu } = await jobOnGpu("auto");
  const [{ delaySeconds = 0 }] = pipeline.assembly.sent as [OutgoingMessage];
  pipeline.clock.now = new Date(NOW.getTime() + 1_000 * (delaySeconds - 1));
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(CHANNELS);
});

test("a job that GPU workers are at stays theirs", async () => {
  const { pipeline, deps, job, sentToCpu } = await jobOnGpu("auto");
  await job.end(7, { state: "cancelled" }, { attempts: 1, now: NOW });
  pipeline.clock.now = AFTER_PATIENCE;
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(0);
});

test("images that GPU workers have left checkpoints of stay theirs", async () => {
  const { pipeline, deps, job, sentToCpu } = await jobOnGpu("auto");
  await job.images.writeCheckpoint(7, new Uint8Array(4));
  pipeline.clock.now = AFTER_PATIENCE;
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(0);
});

test("who asked for the GPU gets no other machine", async () => {
  const { pipeline, deps, job, sentToCpu } = await jobOnGpu("gpu");
  pipeline.clock.now = AFTER_PATIENCE;
  await reconcileJob(job, deps);
  expect(sentToCpu()).toBe(0);
});
