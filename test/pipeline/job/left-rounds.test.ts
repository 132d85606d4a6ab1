import { expect, test } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { readJobStatus } from "../../../lib/pipeline/job/job-status.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { planKey, roundKeys } from "../../../lib/pipeline/keys.ts";
import { encodeCheckpoint } from "../../../lib/pipeline/render/checkpoint.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { reconcileJob } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import type { OutgoingMessage } from "../../../lib/queue/message-queue.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import {
  deliveries,
  type MemoryPipeline,
  memoryPipeline,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";
import { uniformSource } from "../../support/random.ts";

/** What a worker and the assembler do next, each in a process of its own. */
async function drawAndAssemble(pipeline: MemoryPipeline, jobId: string, renderer: FakeRenderer) {
  const { store, cpu, deps, renderDeps } = pipeline;
  await renderMessages(deliveries(cpu), { ...renderDeps(renderer), jobs: new Jobs(store) });
  cpu.sent.length = 0;
  return reconcileJob(await new Jobs(store).open(jobId).latest(), deps);
}

const statusOf = async ({ store }: MemoryPipeline, jobId: string) =>
  readJobStatus(new Jobs(store).open(jobId));

/** A job of two rounds that has ended, and of which a bucket's rule has deleted the plan. */
async function oldJob() {
  const pipeline = await memoryPipeline();
  const { store } = pipeline;
  const written = new Set<string>();
  const [put, putIfAbsent] = [store.put.bind(store), store.putIfAbsent.bind(store)];
  store.put = async (key, ...object) => {
    written.add(key);
    await put(key, ...object);
  };
  store.putIfAbsent = async (key, ...object) => {
    const outcome = await putIfAbsent(key, ...object);
    if (outcome === "created") written.add(key);
    return outcome;
  };
  const { jobId } = await pipeline.accept();
  await drawAndAssemble(pipeline, jobId, new FakeRenderer({ unrenderable: [2] }));
  await pipeline.accept();
  await drawAndAssemble(pipeline, jobId, new FakeRenderer());
  expect(await statusOf(pipeline, jobId)).toMatchObject({ state: "completed", ok: 5 });
  await pipeline.store.delete(planKey(jobId));
  pipeline.clock.now = new Date(pipeline.clock.now.getTime() + 30 * 86_400_000);
  return { ...pipeline, jobId, written, old: pipeline.store.keys(roundKeys(jobId).folder) };
}

test("a job of which a bucket has deleted a part is drawn anew, whatever is left of it", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const job = await oldJob();
    const random = uniformSource(seed);
    const gone = job.old.filter(() => random() < 0.5);
    for (const key of gone) await job.store.delete(key);

    job.written.clear();
    expect(await job.accept()).toMatchObject({ jobId: job.jobId });
    // nobody sends its channels a second time
    expect(await (await new Jobs(job.store).open(job.jobId).latest()).isDispatched()).toBe(true);
    const renderer = new FakeRenderer();
    const outcome = await drawAndAssemble(job, job.jobId, renderer);
    expect({ seed, outcome, drawn: renderer.calls.flat().toSorted((a, b) => a - b) }).toEqual({
      seed,
      outcome: "completed",
      drawn: [1, 2, 3, 4, 5],
    });
    // and stays, once the rest has been deleted
    const before = await statusOf(job, job.jobId);
    for (const key of job.old) if (!job.written.has(key)) await job.store.delete(key);
    const after = await statusOf(job, job.jobId);
    for (const status of [before, after]) {
      expect(status).toMatchObject({ state: "completed", ok: 5, failed: 0 });
    }
  }
});

test("a job that is gone as a whole begins in its first round, for whoever remembers it too", async () => {
  const job = await oldJob();
  for (const key of job.old) await job.store.delete(key);
  await job.accept();
  expect(job.cpu.bodies).toEqual([1, 2, 3, 4, 5].map((channel) => ({ jobId: job.jobId, channel })));
  const { round } = await job.jobs.open(job.jobId).latest();
  expect(round).toBe(0);
});

test("a checkpoint that is left of a job keeps none of its channels from being drawn", async () => {
  const pipeline = await memoryPipeline();
  const { store, cpu } = pipeline;
  const { jobId } = await pipeline.accept();
  const checkpoint = encodeCheckpoint({ part: 3, first: null, states: [] });
  await pipeline.jobs.open(jobId).images.writeCheckpoint(2, checkpoint);
  for (const key of store.keys(roundKeys(jobId).folder)) await store.delete(key);
  cpu.sent.length = 0;
  await pipeline.accept();
  // behind one round
  expect(cpu.bodies).toEqual([1, 2, 3, 4, 5].map((channel) => ({ jobId, channel, round: 1 })));
  const renderer = new FakeRenderer();
  expect(await drawAndAssemble(pipeline, jobId, renderer)).toBe("completed");
  expect(renderer.calls.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});

test("a job that is there begins no round behind another", async () => {
  const pipeline = await memoryPipeline();
  const [{ jobId }] = await Promise.all([pipeline.accept(), pipeline.accept(), pipeline.accept()]);
  expect(pipeline.store.keys(roundKeys(jobId).retries)).toEqual([]);
});

test("a request whose job another has made meanwhile begins no round behind that one", async () => {
  const pipeline = await memoryPipeline();
  const { deps, assembly, cpu, store } = pipeline;
  let isOvertaken = false;
  const overtaken = {
    sendAll: async (messages: Iterable<OutgoingMessage>) => {
      await assembly.sendAll(messages);
      if (isOvertaken) return;
      isOvertaken = true;
      await pipeline.accept();
    },
  };
  const acceptance = await acceptRequest(TINY_REQUEST, { ...deps, assembly: overtaken });
  if (acceptance.status !== "accepted") throw new Error("the request was refused");
  const { jobId } = acceptance;
  expect(store.keys(roundKeys(jobId).retries)).toEqual([]);
  expect(cpu.bodies).toEqual([1, 2, 3, 4, 5].map((channel) => ({ jobId, channel })));
});
