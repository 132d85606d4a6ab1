import { expect, test } from "vitest";

import type { Job } from "../../../lib/pipeline/job/job.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { readJobStatus } from "../../../lib/pipeline/job/job-status.ts";
import { ResultsSoFar } from "../../../lib/pipeline/job/results-so-far.ts";
import type { ChannelResult } from "../../../lib/pipeline/job/result.ts";
import { progressOf, tallyOf } from "../../../lib/pipeline/job/tally.ts";
import { planKey, roundKeys } from "../../../lib/pipeline/keys.ts";
import { MemoryObjectStore } from "../../support/memory-object-store.ts";
import { memoryPipeline, NOW } from "../../support/memory-pipeline.ts";

const DELIVERED = { attempts: 1, now: NOW };

test("the jobs opened last are remembered, with the plans and results they have read", async () => {
  const { store, accept } = await memoryPipeline();
  const jobs = new Jobs(store);
  const { jobId } = await accept({ channels: [1, 2] });
  const job = jobs.open(jobId);
  await job.end(1, { state: "cancelled" }, DELIVERED);
  const first = (await job.results([1])).get(1);
  await store.delete(roundKeys(jobId).result(1));
  for (let i = 1; i < 8; i++) jobs.open(`other-${i}`);
  expect(jobs.open(jobId)).toBe(job);
  expect((await jobs.open(jobId).results([1])).get(1)).toBe(first);
  for (let i = 1; i <= 8; i++) jobs.open(`other-${i}`);
  await expect(jobs.open(jobId).results([1])).rejects.toThrow("there is no object");
});

test("on a second walk, jobs know what they have read of what never changes", async () => {
  const { store, accept } = await memoryPipeline();
  const jobs = new Jobs(store);
  const { jobId } = await accept({ channels: [1] });
  const walk = async (each: (job: Job) => Promise<unknown>) => {
    for await (const job of jobs.list()) return each(job);
    return undefined;
  };
  expect(await walk((job) => job.findCompletion())).toBeNull();
  expect(await walk((job) => job.plan())).toMatchObject({ jobId });
  const ended = await jobs.open(jobId).end(1, { state: "cancelled" }, DELIVERED);
  const end = await jobs.open(jobId).complete(tallyOf(1, [ended]), NOW);
  expect(await walk((job) => job.findCompletion())).toEqual(end);
  for (let i = 1; i <= 8; i++) jobs.open(`other-${i}`);
  for (const key of [planKey(jobId), roundKeys(jobId).complete]) await store.delete(key);
  await store.put(`jobs/${jobId}/x`, Buffer.from("{}"), "application/json");
  expect(await walk((job) => job.findCompletion())).toEqual(end);
  expect(await walk((job) => job.plan())).toMatchObject({ jobId });
  expect(await new Jobs(store).open(jobId).findCompletion()).toBeNull();
});

/** Counts what is asked of a store. */
function countReads(store: MemoryObjectStore): () => number {
  let reads = 0;
  const counting = <Args extends unknown[], Result>(read: (...args: Args) => Result) =>
    function counted(this: unknown, ...args: Args): Result {
      reads++;
      return read.apply(store, args);
    };
  for (const name of ["get", "find", "head", "list", "listNames"] as const) {
    Object.assign(store, { [name]: counting(store[name] as (...args: never[]) => unknown) });
  }
  return () => reads;
}

test("how a job stands takes one read, two once there are results, and one after its end", async () => {
  const { store, jobs, accept } = await memoryPipeline();
  const { jobId, total } = await accept({ channels: "1:7" });
  const job = jobs.open(jobId);
  const reads = countReads(store);
  const look = async (of = job) => {
    const before = reads();
    const status = await readJobStatus(of);
    return {
      state: status?.state,
      ended: (status?.ok ?? 0) + (status?.cancelled ?? 0),
      reads: reads() - before,
    };
  };
  expect(await look()).toEqual({ state: "queued", ended: 0, reads: 1 });
  await job.images.writeAttempts(3, 1);
  expect(await look()).toEqual({ state: "running", ended: 0, reads: 1 });
  const end = (channel: number) => job.end(channel, { state: "cancelled" }, DELIVERED);
  await end(3);
  expect(await look()).toEqual({ state: "running", ended: 1, reads: 3 });
  expect(await look()).toEqual({ state: "running", ended: 1, reads: 2 });
  await end(5);
  expect(await look()).toEqual({ state: "running", ended: 2, reads: 3 });
  await job.cancel(NOW);
  expect(await look()).toEqual({ state: "cancelling", ended: 2, reads: 2 });
  const results = await Promise.all([1, 2, 4, 6, 7].map(end));
  const all = [...results, ...(await job.results([3, 5])).values()];
  await job.complete(tallyOf(total, all), NOW);
  expect(await look()).toEqual({ state: "cancelled", ended: 7, reads: 2 });
  expect(await look()).toEqual({ state: "cancelled", ended: 7, reads: 1 });
  const again = await job.retry([2, 6], NOW);
  await again.end(6, { state: "cancelled" }, DELIVERED);
  expect(await look()).toMatchObject({ state: "running", ended: 6 });
  // one that has seen nothing before says the same
  expect(await look(new Jobs(store).open(jobId))).toMatchObject({ state: "running", ended: 6 });
});

/** A job of 40 channels, the first so many of which have ended. */
async function jobWithResults(count: number) {
  const { store, jobs, accept } = await memoryPipeline({
    wideChannels: 40,
  });
  const { jobId, total } = await accept({ channels: "1:40" });
  const job = jobs.open(jobId);
  const end = (channel: number) => job.end(channel, { state: "cancelled" }, DELIVERED);
  const first = await Promise.all(Array.from({ length: count }, (_, i) => end(i + 1)));
  return { store, jobId, total, job, end, first };
}

test("many results are taken from the assembler's snapshot, and counted once", async () => {
  const { store, jobId, total, job, end, first } = await jobWithResults(30);
  await job.writeProgress(progressOf(jobId, tallyOf(total, first), first, NOW));
  await end(33);
  const reads = countReads(store);
  const status = await readJobStatus(new Jobs(store).open(jobId));
  expect(status).toMatchObject({ state: "running", cancelled: 31, total: 40 });
  // plan, folder, results, snapshot and the one that is new
  expect(reads()).toBe(5);
});

test("a result that came between two looks at a job is counted once, whoever looked first", async () => {
  const { store, jobId, total, job, end, first } = await jobWithResults(20);
  const counts = new ResultsSoFar();
  const ended = new Set(first.map(({ channel }) => channel));
  // this look has its list of results; then comes another, and the assembler's snapshot has it
  const late = await end(21);
  const all = [...first, late];
  await job.writeProgress(progressOf(jobId, tallyOf(total, all), all, NOW));
  expect(await counts.count(job, total, ended)).toMatchObject({ cancelled: 21 });
  const now = new Set([...ended, 21]);
  expect(await counts.count(job, total, now)).toMatchObject({ cancelled: 21 });

  // two looks at a time, of which the one that began earlier counts last
  await end(22);
  const later = new Set([...now, 22]);
  expect(await counts.count(job, total, later)).toMatchObject({ cancelled: 22 });
  expect(await counts.count(job, total, now)).toMatchObject({ cancelled: 22 });
  expect(await counts.count(job, total, later)).toMatchObject({ cancelled: 22 });
  expect(await readJobStatus(new Jobs(store).open(jobId))).toMatchObject({ cancelled: 22 });
});

test("the mean is that of all images, and of a snapshot that knows less than is known nothing", async () => {
  const ok = (channel: number) =>
    ({ channel, state: "ok", activation: channel ** 2 }) as ChannelResult;
  const firsts = (count: number) => Array.from({ length: count }, (_, i) => ok(i + 1));
  const snapshots = [4, 2].map((count) =>
    progressOf("job", tallyOf(40, firsts(count)), firsts(count), NOW),
  );
  let reads = 0;
  const source = {
    findProgress: async () => snapshots.shift()!,
    result: async (channel: number) => (reads++, ok(channel)),
  };
  const counts = new ResultsSoFar();
  const upTo = (count: number) =>
    counts.count(source, 40, new Set(firsts(count).map(({ channel }) => channel)));
  // of the squares up to n it is (n + 1)(2n + 1) / 6
  expect(await upTo(10)).toMatchObject({ ok: 10, meanActivation: 38.5 });
  expect(await upTo(20)).toMatchObject({ ok: 20, meanActivation: 143.5 });
  expect([reads, snapshots]).toEqual([6 + 10, []]);
});

test("all jobs are listed in order, and from one on; other folders are passed over", async () => {
  const store = new MemoryObjectStore();
  for (const key of ["jobs/b/plan.json", "jobs/a/plan.json", "jobs/c/x", "jobs/my photo/x"]) {
    await store.put(key, Buffer.from("{}"), "application/json");
  }
  const idsAfter = async (after: string | null) => {
    const ids: string[] = [];
    for await (const { id } of new Jobs(store).list(after)) ids.push(id);
    return ids;
  };
  expect(await idsAfter(null)).toEqual(["a", "b", "c"]);
  expect(await idsAfter("a")).toEqual(["b", "c"]);
});

test("a job ends once, and not before its channels have", async () => {
  const { store, jobs, accept } = await memoryPipeline();
  const { jobId } = await accept({ channels: [1, 2] });
  const job = jobs.open(jobId);
  const one = await job.end(1, { state: "cancelled" }, DELIVERED);
  await expect(job.complete(tallyOf(2, [one]), NOW)).rejects.toThrow("is not at its end");
  const reason = "it has no gradient";
  const two = await job.end(2, { state: "failed", source: "renderer", reason }, DELIVERED);
  const tally = tallyOf(2, [one, two]);
  expect(tally).toEqual({
    state: "cancelled",
    total: 2,
    ok: 0,
    failed: 1,
    cancelled: 1,
    meanActivation: null,
  });
  const elsewhere = new Jobs(store).open(jobId);
  const ends = await Promise.all([job, elsewhere].map((each) => each.complete(tally, NOW)));
  expect(ends.filter((end) => end !== null)).toEqual([await job.findCompletion()]);
});
