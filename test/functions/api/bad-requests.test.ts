import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  type MemoryPipeline,
  memoryPipeline,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";
import { type ApiCall, apiClient, type CallOptions } from "./api-client.ts";

let folder: string;
let pipeline: MemoryPipeline;
let call: ApiCall;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "api-bad-"));
  pipeline = await memoryPipeline({ folder });
  call = apiClient(pipeline);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const text = JSON.stringify(TINY_REQUEST);
const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

const BAD_BODIES: readonly [string, number, string][] = [
  ["nothing", 400, ""],
  ["half a document", 400, text.slice(0, -1)],
  ["two documents", 400, text + text],
  ["a list", 400, `[${text}]`],
  ["null", 400, "null"],
  ["a number that is none", 400, text.replace('"1:5"', "NaN")],
  ["an unknown field", 400, text.replace("{", '{"channel":1,')],
  ["a prototype", 400, text.replace("{", '{"__proto__":{"layer":2},')],
  ["100,000 levels", 400, text.replace('"1:5"', deep)],
  ["a megabyte of spaces", 413, text + " ".repeat(1_000_000)],
  ["a megabyte of labels", 413, JSON.stringify({ ...TINY_REQUEST, x: "y".repeat(1_000_000) })],
  ["a path as network", 400, text.replace('"tiny"', '"../../etc/passwd"')],
  ["an address as network", 400, text.replace('"tiny"', '"http://169.254.169.254/"')],
  ["a path out as image", 400, text.replace("{", '{"initialImage":"uploads/../jobs/a/plan.json",')],
  ["an address as image", 400, text.replace("{", '{"initialImage":"file:///etc/passwd",')],
  ["an image not there", 400, text.replace("{", '{"initialImage":"uploads/none.png",')],
];

const BAD_REQUESTS: readonly [string, string, number, CallOptions?][] = [
  ["GET", "/", 404],
  ["GET", "", 404],
  ["GET", "/jobs/", 404],
  ["GET", "//jobs", 404],
  ["GET", "/jobs/a/plan.json", 404],
  ["GET", "/jobs/../jobs", 404],
  ["GET", "/jobs/..", 400],
  ["GET", "/jobs/%2e%2e%2fmodels", 400],
  ["GET", "/jobs/a%00b", 400],
  ["GET", "/jobs/%", 400],
  ["GET", `/jobs/${"a".repeat(65)}`, 400],
  ["DELETE", "/jobs/..", 400],
  ["GET", "/jobs?limit=0", 400],
  ["GET", "/jobs?limit=101", 400],
  ["GET", "/jobs?limit=ten", 400],
  ["GET", "/jobs?limit=1&limit=2", 400],
  ["GET", "/jobs?after=../x", 400],
  ["GET", "/jobs?prefix=models/", 400],
  ["GET", "/jobs/a?offset=-1", 400],
  ["GET", "/networks?all=1", 400],
  ["GET", "/networks/../layers", 400],
  ["GET", "/networks/%2e%2e/layers", 400],
  ["GET", "/networks/tiny", 405],
  ["GET", "/networks/tiny/nothing", 404],
  ["DELETE", "/networks", 405],
  ["PUT", "/jobs", 405],
  ["DELETE", "/jobs", 405],
  ["PATCH", "/jobs/a", 405],
  ["POST", "/networks", 405],
  ["OPTIONS", "/jobs", 405],
  ["POST", "/jobs", 415, { body: text, headers: { "Content-Type": "text/plain" } }],
  ["POST", "/jobs", 415, { body: text, headers: { "Content-Type": "application/jsonp" } }],
  ["POST", "/jobs", 415],
  ["POST", "/jobs?dry=1", 400, { body: text }],
  ["POST", "/jobs", 400, { body: text, headers: { "Idempotency-Key": "../a" } }],
  ["POST", "/jobs", 400, { body: text, headers: { "Idempotency-Key": "" } }],
  ["POST", "/jobs", 400, { body: text, headers: { "Idempotency-Key": ["a", "b"] } }],
  ["POST", "/uploads", 415, { body: "kind=image", headers: { "Content-Type": "form" } }],
];

async function expectProblem(
  status: number,
  answer: ReturnType<ApiCall>,
  before: readonly string[],
): Promise<void> {
  const { status: given, headers, body } = await answer;
  expect(given).toBe(status);
  expect(headers["Content-Type"]).toBe("application/problem+json");
  expect(body).toMatchObject({ status, problems: [expect.any(String)] });
  expect(JSON.stringify(body).length, "a problem quotes little of what was sent").toBeLessThan(
    2_000,
  );
  expect(pipeline.store.keys(), "nothing has changed").toEqual(before);
  expect([...pipeline.cpu.sent, ...pipeline.assembly.sent]).toEqual([]);
}

describe("bad requests get a problem document and change nothing", () => {
  test.each(BAD_BODIES)("body: %s", async (_, status, body) => {
    await expectProblem(status, call("POST", "/jobs", { body }), pipeline.store.keys());
  });

  test.each(BAD_REQUESTS)("%s %s: %i", async (method, path, status, options) => {
    await expectProblem(status, call(method, path, options), pipeline.store.keys());
  });

  test("a 405 says what is allowed", async () => {
    const { headers } = await call("PUT", "/jobs");
    expect(headers["Allow"]).toBe("POST, GET");
  });

  test("several things wrong at once are all listed", async () => {
    const headers = { "Idempotency-Key": ["a", "b"] };
    const { body } = await call("POST", "/jobs?x=1", { body: { network: "tiny" }, headers });
    expect(body).toMatchObject({
      problems: [
        expect.stringContaining("query.x: unknown field"),
        expect.stringContaining("Idempotency-Key: given 2 times"),
        expect.stringContaining("layer: missing"),
        expect.stringContaining("channels: missing"),
      ],
    });
  });

  test("an error of ours tells the log, not the client", async () => {
    const logged: unknown[] = [];
    const broken = apiClient(pipeline, {
      networks: { ...pipeline.deps.networks, list: () => Promise.reject(new Error("secret")) },
      log: { info: () => undefined, error: (_, fields) => void logged.push(fields["error"]) },
    });
    const { status, body } = await broken("GET", "/networks");
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret");
    expect(logged).toEqual([new Error("secret")]);
  });
});
