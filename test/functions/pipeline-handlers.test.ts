import { expect, test } from "vitest";

import { createHandler as createAssembler } from "../../functions/assembler/handler.ts";
import { createHandler as createDeadLetter } from "../../functions/dead-letter/handler.ts";
import { createHandler as createIntake } from "../../functions/intake/handler.ts";
import { createHandler as createWorker } from "../../functions/worker/handler.ts";
import type { Completion } from "../../lib/pipeline/job/tally.ts";
import { roundKeys } from "../../lib/pipeline/keys.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";
import { memoryPipeline, readJsonObject, TINY_REQUEST } from "../support/memory-pipeline.ts";
import { silentLog } from "../support/silent-log.ts";
import { S3_TEST_BODY, s3Body, sqsEvent } from "../support/sqs-event.ts";

const failures = (...ids: readonly string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

test("intake answers each upload, skips what is none, and fails on what it does not know", async () => {
  const { deps, store } = await memoryPipeline();
  const answered: string[] = [];
  const handler = createIntake({ ...deps, log: silentLog, onAnswer: (key) => answered.push(key) });
  const upload = Buffer.from(JSON.stringify(TINY_REQUEST));
  await store.put("requests/mein Bild+1.json", upload, "application/json");
  await store.put("requests/bad.json", Buffer.from("[]"), "application/json");
  const response = await handler(
    sqsEvent(
      S3_TEST_BODY,
      s3Body("requests/mein Bild+1.json", "requests/bad.json"),
      "no JSON",
      s3Body("requests/gone.json"),
      '{"unknown": true}',
      s3Body("requests/bad.json"),
    ),
  );
  expect(response).toEqual(failures("m2", "m4"));
  expect(answered).toEqual(["requests/mein Bild+1.json", "requests/bad.json", "requests/bad.json"]);
  expect(await readJsonObject(store, "responses/mein Bild+1.json")).toMatchObject({
    status: "accepted",
  });
  expect(await readJsonObject(store, "responses/bad.json")).toMatchObject({ status: "rejected" });
});

test("intake has a message delivered again when the pipeline is out of reach", async () => {
  const { deps, store, cpu } = await memoryPipeline();
  const handler = createIntake({ ...deps, log: silentLog });
  await store.put("requests/a.json", Buffer.from(JSON.stringify(TINY_REQUEST)), "application/json");
  cpu.failAfter(1);
  expect(await handler(sqsEvent(s3Body("requests/a.json")))).toEqual(failures("m0"));
  expect(store.keys("responses/")).toEqual([]);
  expect(await handler(sqsEvent(s3Body("requests/a.json")))).toEqual(failures());
  expect(store.keys("responses/")).toEqual(["responses/a.json"]);
});

test("the worker reports each failed message, and hands progress and results on", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2, 3] });
  const steps: number[] = [];
  const results: string[] = [];
  const handler = createWorker({
    ...pipeline.renderDeps(new FakeRenderer({ throwing: [2] })),
    log: silentLog,
    hooks: {
      onProgress: (_, { channel }) => steps.push(channel),
      onResult: ({ state }) => results.push(state),
    },
  });
  const bodies = pipeline.cpu.sent.map(({ body }) => body);
  const response = await handler(sqsEvent("odd", ...bodies), {
    getRemainingTimeInMillis: () => 600_000,
  });
  expect(response).toEqual(failures("m0", "m2"));
  expect(results).toEqual(["ok", "ok"]);
  expect(new Set(steps)).toEqual(new Set([1, 3]));
  expect((await pipeline.jobs.open(jobId).result(3)).attempts).toBe(1);
});

test("a worker whose time is nearly up gives its messages back", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: [1, 2] });
  const renderer = new FakeRenderer({
    beforeChannel: (_, stop) => {
      // nor does the stop go with what nobody holds any more
      collectGarbage();
      return untilStopped(stop);
    },
  });
  const handler = createWorker({ ...pipeline.renderDeps(renderer), log: silentLog });
  const bodies = pipeline.cpu.sent.map(({ body }) => body);
  const context = { getRemainingTimeInMillis: () => 5_050 };
  expect(await handler(sqsEvent(...bodies), context)).toEqual(failures("m0", "m1"));
});

test("the assembler looks at each job of a batch once, in any order, and at no other object", async () => {
  const pipeline = await memoryPipeline();
  const jobs = [
    await pipeline.accept({ channels: [1] }),
    await pipeline.accept({ channels: [2, 3] }),
  ];
  const render = createWorker({ ...pipeline.renderDeps(), log: silentLog });
  await render(sqsEvent(...pipeline.cpu.sent.map(({ body }) => body)));
  const completions: Completion[] = [];
  const looked: unknown[] = [];
  const handler = createAssembler({
    ...pipeline.deps,
    log: { ...silentLog, info: (_, { jobId }) => looked.push(jobId) },
    onCompleted: (completion) => void completions.push(completion),
  });
  const [one, two] = jobs.map(({ jobId }) => jobId);
  const event = sqsEvent(
    S3_TEST_BODY,
    s3Body(roundKeys(two!).result(3), roundKeys(one!).result(1)),
    s3Body(roundKeys(two!).result(2), roundKeys(one!).status),
    s3Body(roundKeys(two!).result(2)),
    '{"type":"reconcile","jobId":"nosuchjob"}',
    '{"type":"other"}',
  );
  expect(await handler(event)).toEqual(failures("m5"));
  expect(looked).toHaveLength(3);
  expect(new Set(looked)).toEqual(new Set([one, two, "nosuchjob"]));
  expect(completions).toHaveLength(2);
  expect(new Set(completions.map(({ jobId }) => jobId))).toEqual(new Set([one, two]));
  expect(await handler(event)).toEqual(failures("m5"));
  expect(completions).toHaveLength(2);
});

test("a job at which the assembler is killed keeps no other of its batch from being looked at", async () => {
  const { deps } = await memoryPipeline();
  const all = ["a", "deadly", "m", "z"];
  const event = (receiveCount: number) => {
    const { Records } = sqsEvent(...all.map((jobId) => `{"type":"reconcile","jobId":"${jobId}"}`));
    const ApproximateReceiveCount = String(receiveCount);
    return {
      Records: Records.map((record) => {
        return { ...record, attributes: { ...record.attributes, ApproximateReceiveCount } };
      }),
    };
  };
  const looked = new Set<unknown>();
  for (const receiveCount of [1, 2]) {
    let isDead = false;
    const info = (_: string, { jobId }: Readonly<Record<string, unknown>>) => {
      isDead ||= jobId === "deadly";
      if (!isDead) looked.add(jobId);
    };
    await createAssembler({ ...deps, log: { ...silentLog, info } })(event(receiveCount));
  }
  expect(looked).toEqual(new Set(["a", "m", "z"]));
});

test("an assembler that fails at one job has that job's messages delivered again, and no others", async () => {
  const pipeline = await memoryPipeline();
  const good = await pipeline.accept({ channels: [1] });
  const bad = await pipeline.accept({ channels: [2] });
  const render = createWorker({ ...pipeline.renderDeps(), log: silentLog });
  await render(sqsEvent(...pipeline.cpu.sent.map(({ body }) => body)));
  // it cannot even be drawn again
  await pipeline.store.delete(roundKeys(bad.jobId).tile(2));
  pipeline.cpu.failAfter(0);
  const handler = createAssembler({ ...pipeline.deps, log: silentLog });
  const event = sqsEvent(
    s3Body(roundKeys(bad.jobId).result(2)),
    s3Body(roundKeys(good.jobId).result(1)),
    JSON.stringify({ type: "reconcile", jobId: bad.jobId }),
  );
  expect(await handler(event)).toEqual(failures("m0", "m2"));
  expect(pipeline.store.keys(roundKeys(good.jobId).complete)).toHaveLength(1);
});

test("dead letters become failed results; those of no job stay where they are", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2] });
  const render = createWorker({ ...pipeline.renderDeps(), log: silentLog });
  const [first = "", second = ""] = pipeline.cpu.sent.map(({ body }) => body);
  await render(sqsEvent(first));
  const handler = createDeadLetter({ ...pipeline.deps, log: silentLog });
  const response = await handler(
    sqsEvent(
      first,
      second,
      "{}",
      '{"jobId":"nosuchjob","channel":1}',
      JSON.stringify({ jobId, channel: 9 }),
    ),
  );
  expect(response).toEqual(failures("m2", "m3", "m4"));
  // a result that was there first stays
  expect((await pipeline.jobs.open(jobId).result(1)).state).toBe("ok");
  expect(await pipeline.jobs.open(jobId).result(2)).toMatchObject({
    state: "failed",
    source: "dead-letter",
  });
});
