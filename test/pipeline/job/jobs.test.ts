import { expect, test } from "vitest";

import type { Job } from "../../../lib/pipeline/job/job.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { tallyOf } from "../../../lib/pipeline/job/tally.ts";
import * as keys from "../../../lib/pipeline/keys.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { MemoryObjectStore } from "../../support/memory-object-store.ts";
import { memoryPipeline, NOW } from "../../support/memory-pipeline.ts";

const DELIVERED = { attempts: 1, now: NOW };

test("the jobs opened last are remembered, with the plans and results they have read", async () => {
  const { store, accept } = await memoryPipeline(await temporaryFolder());
  const jobs = new Jobs(store);
  const { jobId } = await accept({ channels: [1, 2] });
  const job = jobs.open(jobId);
  await job.end(1, { state: "cancelled" }, DELIVERED);
  const first = (await job.results([1])).get(1);
  await store.delete(keys.resultKey(jobId, 1));
  for (let i = 1; i < 8; i++) jobs.open(`other-${i}`);
  expect(jobs.open(jobId)).toBe(job);
  expect((await jobs.open(jobId).results([1])).get(1)).toBe(first);
  for (let i = 1; i <= 8; i++) jobs.open(`other-${i}`);
  await expect(jobs.open(jobId).results([1])).rejects.toThrow("there is no object");
});

test("on a second walk, jobs know what they have read of what never changes", async () => {
  const { store, accept } = await memoryPipeline(await temporaryFolder());
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
  for (const key of [keys.planKey(jobId), keys.completeKey(jobId)]) await store.delete(key);
  await store.put(`jobs/${jobId}/x`, Buffer.from("{}"), "application/json");
  expect(await walk((job) => job.findCompletion())).toEqual(end);
  expect(await walk((job) => job.plan())).toMatchObject({ jobId });
  expect(await new Jobs(store).open(jobId).findCompletion()).toBeNull();
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
  const { store, jobs, accept } = await memoryPipeline(await temporaryFolder());
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
