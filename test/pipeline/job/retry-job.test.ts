import { expect, onTestFinished, test, vi } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { answerUpload } from "../../../lib/pipeline/job/answer-upload.ts";
import { cancelJob } from "../../../lib/pipeline/job/cancel-job.ts";
import { endDeadLetter } from "../../../lib/pipeline/job/dead-letter.ts";
import { readJobStatus } from "../../../lib/pipeline/job/job-status.ts";
import { Jobs } from "../../../lib/pipeline/job/jobs.ts";
import { retryJob } from "../../../lib/pipeline/job/retry-job.ts";
import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { JOB_DEADLINE_SECONDS } from "../../../lib/pipeline/limits.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { reconcileJob } from "../../../lib/pipeline/sheet/reconcile-job.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import {
  deliveries,
  memoryPipeline,
  readJsonObject,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";

/** A pipeline with a job, and what happens to it, each step as by a process of its own. */
async function startJob() {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const { store, deps, cpu } = pipeline;
  const latest = () => new Jobs(store).open(jobId).latest();
  return {
    ...pipeline,
    jobId,
    latest,
    /** Renders the messages sent since the last call, and assembles. @returns channels rendered */
    run: async (renderer = new FakeRenderer()) => {
      await renderMessages(deliveries(cpu), {
        ...pipeline.renderDeps(renderer),
        jobs: new Jobs(store),
      });
      cpu.sent.length = 0;
      const outcome = await assembleJob(await latest(), deps);
      return { outcome, channels: renderer.calls.flat().toSorted((a, b) => a - b) };
    },
    status: async () => (await readJobStatus(await latest()))!,
  };
}

test("the same request again draws what failed, and leaves the rest as it is", async () => {
  const job = await startJob();
  await job.run(new FakeRenderer({ unrenderable: [2, 4] }));
  const { completion } = await job.status();
  expect(completion).toMatchObject({ state: "completed_with_failures", ok: 3, failed: 2 });
  const before = new Map(
    await Promise.all(
      job.store
        .keys(`jobs/${job.jobId}/`)
        .map(async (key) => [key, await job.store.get(key)] as const),
    ),
  );

  job.clock.now = new Date(job.clock.now.getTime() + 3_600_000);
  expect((await acceptRequest(TINY_REQUEST, job.deps)).status).toBe("accepted");
  expect(job.cpu.bodies).toEqual(
    [2, 4].map((channel) => ({ jobId: job.jobId, channel, round: 1 })),
  );
  expect(await job.status()).toMatchObject({ state: "running", ok: 3, failed: 0 });
  const { deadline } = await (await job.latest()).times();
  expect(deadline.getTime() - job.clock.now.getTime()).toBeGreaterThan(
    JOB_DEADLINE_SECONDS * 1_000,
  );

  expect(await job.run()).toEqual({ outcome: "completed", channels: [2, 4] });
  const after = await job.status();
  expect(after.completion).toMatchObject({ state: "completed", ok: 5, failed: 0 });
  expect(await readJsonObject(job.store, after.completion!.manifest)).toMatchObject({
    ok: 5,
    tiles: [
      { channel: 1, tile: { key: roundKeys(job.jobId).tile(1) } },
      { channel: 2, tile: { key: roundKeys(job.jobId, 1).tile(2) } },
      { channel: 3 },
      { channel: 4, attempts: 1 },
      { channel: 5 },
    ],
  });
  // nothing of the first round was touched
  for (const [key, bytes] of before) expect(await job.store.get(key)).toEqual(bytes);

  // whole: the same request is answered from what is there
  await acceptRequest(TINY_REQUEST, job.deps);
  expect(job.cpu.bodies).toEqual([]);
  expect(await retryJob(await job.latest(), job.deps)).toBe("whole");
});

test("retries at the same time are one, and one of a running job is none", async () => {
  const job = await startJob();
  expect(await retryJob(new Jobs(job.store).open("none"), job.deps)).toBe("unknown");
  expect(await retryJob(await job.latest(), job.deps)).toBe("running");
  await job.run(new FakeRenderer({ unrenderable: [5] }));
  const racing = await Promise.all([job.latest(), job.latest(), job.latest()]);
  const outcomes = await Promise.all(racing.map((each) => retryJob(each, job.deps)));
  expect(outcomes).toEqual(["retried", "retried", "retried"]);
  const rounds = job.store.keys(`jobs/${job.jobId}/retries/`).map((key) => key.split("/")[3]);
  expect([...new Set(rounds)]).toEqual(["1"]);
  expect((await job.run(new FakeRenderer({ unrenderable: [5] }))).channels).toEqual([5]);
  await retryJob(await job.latest(), job.deps);
  expect((await job.latest()).round).toBe(2);
  expect((await job.run()).outcome).toBe("completed");
});

test("a cancelled job goes on where it stopped", async () => {
  const job = await startJob();
  await renderMessages(deliveries(job.cpu).slice(0, 2), job.renderDeps());
  await cancelJob(await job.latest(), job.deps);
  await reconcileJob(await job.latest(), job.deps);
  expect((await job.status()).state).toBe("cancelled");
  job.cpu.sent.length = 0;
  await retryJob(await job.latest(), job.deps);
  expect((await job.run()).channels).toEqual([3, 4, 5]);
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("the same request again after a job was stopped draws what is lost since, too", async () => {
  const job = await startJob();
  await renderMessages(deliveries(job.cpu).slice(0, 2), job.renderDeps());
  await cancelJob(await job.latest(), job.deps);
  await reconcileJob(await job.latest(), job.deps);
  expect(await job.status()).toMatchObject({ state: "cancelled", ok: 2, cancelled: 3 });
  await job.store.delete(roundKeys(job.jobId).tile(2));
  job.cpu.sent.length = 0;
  await acceptRequest(TINY_REQUEST, job.deps);
  expect((await job.run()).channels).toEqual([2, 3, 4, 5]);
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("who is late in an earlier round does nothing to the next", async () => {
  const job = await startJob();
  const [lateMessage] = job.cpu.sent.slice(1);
  await job.run(new FakeRenderer({ unrenderable: [2] }));
  const lateAssembler = await job.latest();
  await retryJob(lateAssembler, job.deps);
  expect(await assembleJob(lateAssembler, job.deps)).toBe("ended");
  await endDeadLetter(lateMessage!.body, { jobs: new Jobs(job.store), now: job.deps.now });
  expect(await job.status()).toMatchObject({ state: "running", ok: 4, failed: 0 });
  expect((await job.run()).channels).toEqual([2]);
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("an interrupted retry is completed by the next look", async () => {
  const job = await startJob();
  await job.run(new FakeRenderer({ unrenderable: [1, 2, 3] }));
  job.cpu.failAfter(1);
  await expect(retryJob(await job.latest(), job.deps)).rejects.toThrow("out of reach");
  expect(job.assembly.bodies.at(-1)).toEqual({ type: "reconcile", jobId: job.jobId });
  expect(await reconcileJob(await job.latest(), job.deps)).toBe("waiting");
  await job.run();
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("a tile that is lost or damaged before the sheet is drawn again; lost again it is a placeholder", async () => {
  const job = await startJob();
  await renderMessages(deliveries(job.cpu), job.renderDeps());
  job.cpu.sent.length = 0;
  await job.store.delete(roundKeys(job.jobId).tile(3));
  await job.store.put(roundKeys(job.jobId).tile(5), Buffer.from("png"), "image/png");
  expect(await assembleJob(await job.latest(), job.deps)).toBe("waiting");
  expect(job.cpu.bodies.map((body) => (body as { channel: number }).channel)).toEqual([3, 5]);

  await renderMessages(deliveries(job.cpu), job.renderDeps());
  job.cpu.sent.length = 0;
  await job.store.delete(roundKeys(job.jobId, 1).tile(5));
  expect(await assembleJob(await job.latest(), job.deps)).toBe("completed");
  const { completion } = await job.status();
  expect(completion).toMatchObject({ state: "completed_with_failures", ok: 4, failed: 1 });
  expect(await readJsonObject(job.store, completion!.manifest)).toMatchObject({
    tiles: [
      {},
      {},
      { state: "ok" },
      {},
      { state: "failed", reason: expect.stringMatching(/gone/) },
    ],
  });
  // a retry finds it though its result says ok
  await retryJob(await job.latest(), job.deps);
  expect((await job.run()).channels).toEqual([5]);
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("a damaged result is a failed channel, which is drawn again", async () => {
  const job = await startJob();
  await renderMessages(deliveries(job.cpu), job.renderDeps());
  job.cpu.sent.length = 0;
  const key = roundKeys(job.jobId).result(4);
  await job.store.put(key, Buffer.from("{"), "application/json");
  expect(await assembleJob(await job.latest(), job.deps)).toBe("completed");
  expect(await (await job.latest()).findResult(4)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining(`'${key}' is not as it was written`),
  });
  await retryJob(await job.latest(), job.deps);
  expect((await job.run()).channels).toEqual([4]);
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("the same request again goes on with a job that was told to stop, before and after it has", async () => {
  const job = await startJob();
  const messages = job.cpu.sent.splice(0, 2);
  const drawn = new FakeRenderer();
  await renderMessages(
    messages.map(({ body }, i) => ({ messageId: `a${i}`, body })),
    job.renderDeps(drawn),
  );
  expect(drawn.calls.flat()).toEqual([1, 2]);
  await cancelJob(await job.latest(), job.deps);
  expect(await job.status()).toMatchObject({ state: "cancelling", ok: 2 });
  const late = job.cpu.sent.splice(0);

  expect((await acceptRequest(TINY_REQUEST, job.deps)).status).toBe("accepted");
  expect(job.cpu.bodies).toEqual([3, 4, 5].map((channel) => expect.objectContaining({ channel })));
  expect(await job.status()).toMatchObject({ state: "running", ok: 2, cancelled: 0 });
  // who is late in the round that was told to stop, and who looks at it
  await reconcileJob(new Jobs(job.store).open(job.jobId), job.deps);
  expect(await job.status()).toMatchObject({ state: "running", ok: 2, cancelled: 0 });
  job.cpu.sent.push(...late);
  expect(await job.run()).toEqual({ outcome: "completed", channels: [3, 4, 5] });
  expect(await job.status()).toMatchObject({ state: "completed", ok: 5 });
});

test("a job told to stop with its last image is whole all the same", async () => {
  const job = await startJob();
  await renderMessages(deliveries(job.cpu), job.renderDeps());
  job.cpu.sent.length = 0;
  await cancelJob(await job.latest(), job.deps);
  expect((await acceptRequest(TINY_REQUEST, job.deps)).status).toBe("accepted");
  expect(job.cpu.sent).toEqual([]);
  expect(await job.run()).toEqual({ outcome: "completed", channels: [] });
});

test("an upload that is told of again begins nothing again; uploaded again, it does", async () => {
  const job = await startJob();
  const key = "requests/a.json";
  const upload = () =>
    job.store.put(key, Buffer.from(JSON.stringify(TINY_REQUEST)), "application/json");
  const answer = () => answerUpload(key, job.deps);
  await upload();
  const acceptance = await answer();
  expect(acceptance).toMatchObject({ status: "accepted", jobId: job.jobId });
  const sent = job.cpu.sent.length;
  await cancelJob(await job.latest(), job.deps);
  // while it stops, and once it has
  expect(await answer()).toEqual(acceptance);
  await reconcileJob(await job.latest(), job.deps);
  expect(await answer()).toEqual(acceptance);
  expect(await job.status()).toMatchObject({ state: "cancelled", cancelled: 5 });
  expect(job.cpu.sent).toHaveLength(sent);

  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_000 });
  onTestFinished(() => void vi.useRealTimers());
  await upload();
  expect(await answer()).toEqual(acceptance);
  expect(await job.status()).toMatchObject({ state: "queued", cancelled: 0 });
  expect(job.cpu.sent).toHaveLength(sent + 5);
});
