import { beforeEach, expect, test } from "vitest";

import { createHandler as createIntake } from "../../../functions/intake/handler.ts";
import {
  deliveries,
  type MemoryPipeline,
  memoryPipeline,
  readJsonObject,
} from "../../support/memory-pipeline.ts";
import { silentLog } from "../../support/silent-log.ts";
import { s3Body, sqsEvent } from "../../support/sqs-event.ts";
import { type ApiCall, apiClient } from "./api-client.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

interface AtlasBody {
  readonly total: number;
  readonly estimate: { readonly coreSeconds: number; readonly dollars: number };
  readonly layers: readonly {
    readonly name: string;
    readonly jobId: string;
    readonly total: number;
    readonly job?: { readonly state: string } | null;
  }[];
}

/** What the intake does with what lies in the drop zone. */
async function takeRequests(keys = pipeline.store.keys("requests/")): Promise<void> {
  const intake = createIntake({ ...pipeline.deps, log: silentLog });
  const { batchItemFailures } = await intake(sqsEvent(s3Body(...keys)));
  expect(batchItemFailures).toEqual([]);
}

const statesOf = (body: unknown) => (body as AtlasBody).layers.map(({ job }) => job?.state);

test("an atlas is a job for each layer, whose ids it knows before the intake has seen them", async () => {
  const { status, body, headers } = await call("POST", "/atlases", {
    body: { network: "tiny", layers: ["wide", 4], channels: "2:4" },
  });
  expect(status).toBe(202);
  expect(headers["Location"]).toBe("/atlases/tiny");
  const { layers, total, estimate } = body as AtlasBody;
  expect(layers.map((layer) => [layer.name, layer.total])).toEqual([
    ["wide", 3],
    ["pool", 3],
  ]);
  expect(total).toBe(6);
  const before = (await call("GET", "/atlases/tiny")).body as AtlasBody;
  expect(before.layers.map(({ job }) => job)).toEqual([null, null]);
  await takeRequests();
  expect(statesOf((await call("GET", "/atlases/tiny")).body)).toEqual(["queued", "queued"]);
  expect(deliveries(pipeline.cpu)).toHaveLength(6);

  // what its jobs take together, each figure of two digits
  const answers = await Promise.all(
    pipeline.store
      .keys("responses/")
      .map((key) => readJsonObject(pipeline.store, key) as Promise<Pick<AtlasBody, "estimate">>),
  );
  expect(answers).toHaveLength(2);
  for (const unit of ["coreSeconds", "dollars"] as const) {
    const sum = answers.reduce((taken, answer) => taken + answer.estimate[unit], 0);
    expect(estimate[unit] / sum).toBeCloseTo(1, 1);
  }
});

test("the same atlas again is the same jobs, and a dry run begins none", async () => {
  const atlas = { network: "tiny", name: "all-of-it", layers: ["wide"] };
  const dry = await call("POST", "/atlases", { body: { ...atlas, dryRun: true } });
  expect(pipeline.store.keys("requests/")).toEqual([]);
  expect((await call("GET", "/atlases/all-of-it")).status).toBe(404);
  const first = await call("POST", "/atlases", { body: atlas });
  expect(first.body).toEqual(dry.body);
  await takeRequests();
  await call("POST", "/atlases", { body: atlas });
  await takeRequests();
  expect(deliveries(pipeline.cpu)).toHaveLength((first.body as AtlasBody).total);
});

test("an atlas that is stopped stops those of its jobs that come later, until it is begun again", async () => {
  const atlas = { network: "tiny", layers: ["wide", "pool"] };
  await call("POST", "/atlases", { body: atlas });
  const [first, ...later] = pipeline.store.keys("requests/");
  await takeRequests([first!]);
  const stopped = await call("DELETE", "/atlases/tiny");
  expect(stopped.status).toBe(202);
  expect(statesOf(stopped.body)).toEqual(["cancelling", undefined]);
  await takeRequests(later);
  const states = async () => statesOf((await call("GET", "/atlases/tiny")).body);
  expect(await states()).toEqual(["cancelling", "cancelling"]);
  // a request of no atlas is not meant
  await pipeline.store.put("requests/1.json", await pipeline.store.get(later[0]!), "");
  await takeRequests(["requests/1.json"]);
  expect(await states()).toEqual(["cancelling", "queued"]);
  await call("POST", "/atlases", { body: atlas });
  await takeRequests();
  expect(await states()).toEqual(["queued", "queued"]);
  expect((await call("DELETE", "/atlases/all-of-it")).status).toBe(404);
});

test("what is wrong is told of every layer, and nothing begins", async () => {
  const { status, body } = await call("POST", "/atlases", {
    body: { network: "tiny", layers: ["wide", "wider", 99] },
  });
  expect(status).toBe(400);
  expect((body as { problems: string[] }).problems).toEqual([
    expect.stringContaining("layer 'wider': there is no layer 'wider'"),
    expect.stringContaining("layer '99': there is no layer 99"),
  ]);
  expect(pipeline.store.keys("requests/")).toEqual([]);
  const unnamed = Array.from({ length: 1_000 }, (_, i) => `wider${i}`);
  const many = await call("POST", "/atlases", { body: { network: "tiny", layers: unnamed } });
  expect((many.body as { problems: string[] }).problems).toHaveLength(10);
  const tooMany = await call("POST", "/atlases", {
    body: { network: "tiny", layers: Array.from({ length: 1_001 }, () => 2) },
  });
  expect(tooMany.body).toMatchObject({
    problems: [expect.stringMatching(/^layers: .*wanted at most 1000 elements$/)],
  });
  const noName = await call("POST", "/atlases", { body: { network: "tiny", layers: [true] } });
  expect(noName.body).toMatchObject({
    problems: ["layers[0]: given true; wanted a layer's name, or its 1-based index"],
  });
  const badRange = await call("POST", "/atlases", { body: { network: "tiny", channels: "4:2" } });
  expect(badRange.body).toMatchObject({ problems: [expect.stringContaining("'4:2'")] });
  const unknown = await call("POST", "/atlases", { body: { network: "tinny" } });
  expect(unknown.body).toMatchObject({ problems: [expect.stringContaining("'tinny'")] });
});

test("a layer that has none of the channels is left out, or an error where it is named", async () => {
  const atlas = { network: "tiny", channels: "6:9", dryRun: true };
  const { status, body } = await call("POST", "/atlases", { body: atlas });
  expect(status).toBe(202);
  // channels 6 and 7; `classes` has five
  expect((body as AtlasBody).layers.map(({ name, total }) => [name, total])).toEqual([["wide", 2]]);
  const named = await call("POST", "/atlases", { body: { ...atlas, layers: ["wide", "classes"] } });
  expect(named.body).toMatchObject({ problems: [expect.stringMatching(/'classes'.*1 to 5/)] });
  const none = await call("POST", "/atlases", { body: { ...atlas, channels: "8:9" } });
  expect(none.body).toMatchObject({
    problems: [expect.stringContaining("wanted channels 1 to 7")],
  });
});
