import { expect, test } from "vitest";

import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { answerUpload } from "../../../lib/pipeline/job/answer-upload.ts";
import { MAX_REQUEST_BYTES } from "../../../lib/pipeline/limits.ts";
import { memoryPipeline, readJsonObject, TINY_REQUEST } from "../../support/memory-pipeline.ts";

test("an upload is answered beside it: accepted, rejected, unreadable, too large", async () => {
  const { deps, store } = await memoryPipeline();
  const answer = async (name: string, document: string | Uint8Array) => {
    await store.put(`requests/${name}.json`, Buffer.from(document), "application/json");
    await answerUpload(`requests/${name}.json`, deps);
    return readJsonObject(store, `responses/${name}.json`);
  };
  const good = await answer("good", JSON.stringify(TINY_REQUEST));
  expect(good).toEqual({
    status: "accepted",
    jobId: expect.stringMatching(/^[0-9a-f]{32}$/),
    estimate: { coreSeconds: 0.8, dollars: 0.000023 },
    request: {
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      uploadedAt: expect.stringMatching(/Z$/),
    },
  });
  expect(await answer("bad", "{}")).toMatchObject({ status: "rejected" });
  expect(await answer("torn", '{"network": ')).toEqual({
    status: "rejected",
    problems: [expect.stringMatching(/^request: not a JSON document/)],
  });
  const nested = (depth: number) => `{"network":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect(await answer("deep", nested(100_000))).toEqual({
    status: "rejected",
    problems: ["request: nested more than 32 levels deep; no request is"],
  });
  expect(await answer("shallow", nested(31))).toMatchObject({
    problems: expect.arrayContaining([expect.stringMatching(/^network: given \[\[/)]),
  });
  expect(await answer("latin", Uint8Array.of(0x22, 0xe9, 0x22))).toEqual({
    status: "rejected",
    problems: ["request: not a JSON document (it is not UTF-8); correct it"],
  });
  const largest = JSON.stringify(TINY_REQUEST).padEnd(MAX_REQUEST_BYTES);
  expect(await answer("largest", largest)).toMatchObject({ status: "accepted" });
  expect(await answer("large", `${largest} `)).toEqual({
    status: "rejected",
    problems: [expect.stringContaining("given 262145 bytes; wanted at most 262144")],
  });
  expect(await answerUpload("requests/gone.json", deps)).toBeNull();
  expect(await answerUpload("elsewhere/a.json", deps)).toBeNull();
});

test("an upload whose id someone took as a key for another request is accepted all the same", async () => {
  const { deps, store } = await memoryPipeline();
  const { jobId } = await (await memoryPipeline()).accept({ seed: 8 });
  await acceptRequest({ ...TINY_REQUEST, seed: 9 }, deps, { idempotencyKey: jobId });
  const document = Buffer.from(JSON.stringify({ ...TINY_REQUEST, seed: 8 }));
  await store.put("requests/a.json", document, "application/json");
  await answerUpload("requests/a.json", deps);
  expect(await readJsonObject(store, "responses/a.json")).toEqual({
    status: "accepted",
    jobId,
    estimate: expect.anything(),
    request: expect.anything(),
  });
});

test("a request whose answer's key would be too long is refused, and not run", async () => {
  const { deps, store, cpu } = await memoryPipeline();
  const document = Buffer.from(JSON.stringify(TINY_REQUEST));
  const answer = async (name: string) => {
    await store.put(`requests/${name}.json`, document, "application/json");
    return answerUpload(`requests/${name}.json`, deps);
  };
  // of two bytes each; S3 takes keys of 1,024
  const longest = "é".repeat((1_023 - "requests/.json".length - 1) / 2);
  expect(await answer(`${longest}aa`)).toEqual({
    status: "rejected",
    problems: [
      "the request's key: given 1024 bytes; wanted at most 1023, as that of its answer is longer; give it a shorter name",
    ],
  });
  expect(store.keys("jobs/")).toEqual([]);
  expect(cpu.bodies).toEqual([]);
  expect(await answer(`${longest}a`)).toMatchObject({ status: "accepted" });
  expect(store.keys("responses/")).toEqual([`responses/${longest}a.json`]);
});
