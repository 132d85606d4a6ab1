import { createHash, createHmac } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, describe, expect, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { ManualClock } from "../src/clock.ts";
import { startEndpoint } from "../src/endpoint.ts";
import { expectFailure, newFolder, s3At, sqsAt } from "./support/target.ts";

const folder = await newFolder();
const dataFolder = join(folder, "data");
const clock = new ManualClock();
const Bucket = "dreamgrid";
const endpoint = await startEndpoint({
  dataFolder,
  clock,
  buckets: [{ name: Bucket }],
  queues: [{ name: "work" }],
});
const s3 = s3At(endpoint.url, { credentials: CREDENTIALS });
afterAll(async () => {
  await endpoint.close();
  rmSync(folder, { recursive: true });
});

const { accessKeyId, secretAccessKey } = CREDENTIALS;
const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

interface RawOptions {
  /** The path as it is signed, if it is sent otherwise. */
  readonly canonicalPath?: string;
  readonly query?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default node's own */
  readonly agent?: Agent;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Signs and sends a request whose path goes out as it is, which no client would do.
 * Written from the AWS documentation, independently of the code under test.
 */
async function sendRaw(
  method: string,
  path: string,
  { canonicalPath = path, query = "", body = "", headers = {}, agent }: RawOptions = {},
): Promise<Answer> {
  const date = new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const all: Record<string, string> = {
    host: new URL(endpoint.url).host,
    "x-amz-content-sha256": sha256(body),
    "x-amz-date": date,
    ...headers,
  };
  const names = Object.keys(all).toSorted();
  const canonical = [
    method,
    canonicalPath,
    query,
    ...names.map((name) => `${name}:${all[name]}`),
    "",
    names.join(";"),
    all["x-amz-content-sha256"],
  ].join("\n");
  const key = scope.split("/").reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n"));
  all["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature.toString("hex")}`;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      endpoint.url,
      { method, path: `${path}?${query}`, headers: all, agent },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("path tricks", () => {
  test.each([
    `/${Bucket}/../../escape.txt`,
    `/${Bucket}/a/../../../../escape.txt`,
    `/${Bucket}//escape.txt`,
    `/${Bucket}/./escape.txt`,
  ])("%s stays below the data folder", async (path) => {
    expect((await sendRaw("PUT", path, { body: "x" })).status).toBe(200);
    expect(await sendRaw("GET", path)).toEqual({ status: 200, text: "x" });
    expect(readdirSync(folder)).toEqual(["data"]);
    expect(readdirSync(dataFolder).toSorted()).toEqual([".endpoint", Bucket]);
  });

  test("encoded separators and NUL are part of the key", async () => {
    for (const path of [`/${Bucket}/a%2F..%2F..%2F..%2Fb`, `/${Bucket}/nul%00byte`]) {
      expect((await sendRaw("PUT", path, { body: "x" })).status).toBe(200);
      expect((await sendRaw("GET", path)).text).toBe("x");
    }
    expect(readdirSync(folder)).toEqual(["data"]);
  });

  test("a bucket cannot be the hidden folder, nor above", async () => {
    for (const bucket of [".endpoint", "..", "%2E%2E"]) {
      const canonicalPath = `/${decodeURIComponent(bucket)}`;
      const answer = await sendRaw("PUT", `/${bucket}`, { canonicalPath });
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.text).toContain("<Code>InvalidBucketName</Code>");
    }
  });

  test("broken percent-encoding is refused", async () => {
    const answer = await sendRaw("GET", `/${Bucket}/%E0%A4%A`);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain("<Code>InvalidURI</Code>");
  });
});

describe("bodies that are not what was signed", () => {
  test("store nothing", async () => {
    const path = `/${Bucket}/damaged`;
    const headers = { "x-amz-content-sha256": sha256("something else") };
    const answer = await sendRaw("PUT", path, { body: "x", headers });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain("<Code>XAmzContentSHA256Mismatch</Code>");
    expect((await sendRaw("GET", path)).status).toBe(404);
    expect(readdirSync(join(dataFolder, ".endpoint/staging"))).toEqual([]);
  });

  test.each([
    "<Delete>",
    "<Other/>",
    "<Delete/>",
    "<Delete><Object><Key>a</Key></Object><Object/></Delete>",
    '<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    "<Delete><Object><Key>\u0001</Key></Object></Delete>",
    "",
  ])("are refused if they are not well-formed: %s", async (body) => {
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    const answer = await sendRaw("POST", `/${Bucket}`, { query: "delete=", body, headers });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain("<Code>MalformedXML</Code>");
  });

  test("are accepted if they are (control)", async () => {
    const body = "<Delete><Object><Key>a</Key></Object></Delete>";
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    const answer = await sendRaw("POST", `/${Bucket}`, { query: "delete=", body, headers });
    expect(answer).toMatchObject({ status: 200 });
  });
});

describe("a page in a browser on this machine", () => {
  test.each([
    ["a host name that has been pointed here", { host: "rebound.example" }],
    ["another site's origin", { origin: "https://page.example" }],
    ["an origin that is kept back", { origin: "null" }],
    ["a name that only begins like ours", { host: "localhost.page.example" }],
  ])("is refused, however well it signs: %s", async (_, headers) => {
    const answer = await sendRaw("PUT", `/${Bucket}/from-a-page`, { body: "x", headers });
    expect(answer).toMatchObject({ status: 403 });
    expect(answer.text).toContain("Only this machine is answered");
    expect((await sendRaw("GET", `/${Bucket}/from-a-page`)).status).toBe(404);
  });

  test.each([{ host: "localhost:80" }, { host: "[::1]" }, { origin: "http://localhost:3000" }])(
    "of this machine's own is answered (control): %o",
    async (headers) => {
      const answer = await sendRaw("PUT", `/${Bucket}/from-here`, { body: "x", headers });
      expect(answer.status).toBe(200);
    },
  );
});

test("a body that is refused half-way does not keep back the connection's next request", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = `<Delete>${" ".repeat(3_000_000)}</Delete>`;
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  const options = { query: "delete=", body, headers, agent };
  const refused = await sendRaw("POST", `/${Bucket}`, options);
  expect(refused.text).toContain("<Code>MaxMessageLengthExceeded</Code>");
  expect((await sendRaw("HEAD", `/${Bucket}`, { agent })).status).toBe(200);
  agent.destroy();
});

test("a method or operation nobody knows answers 501", async () => {
  for (const [method, path] of [
    ["PATCH", `/${Bucket}/a`],
    ["POST", `/${Bucket}/a`],
    ["POST", "/"],
  ] as const) {
    const answer = await sendRaw(method, path);
    expect(answer.status).toBe(501);
    expect(answer.text).toContain("<Code>NotImplemented</Code>");
  }
});

test("other notification destinations than queues answer 501", async () => {
  const call = s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    }),
  );
  await expectFailure(call, 501, "NotImplemented");
});

test("a presigned PUT whose metadata no header can carry back is refused", async () => {
  const signingDate = new Date(clock.now());
  const putWith = async (note: string) => {
    const command = new PutObjectCommand({ Bucket, Key: "noted", Metadata: { note } });
    const url = await getSignedUrl(s3, command, { expiresIn: 60, signingDate });
    expect(new URL(url).searchParams.get("x-amz-meta-note")).toBe(note);
    return fetch(url, { method: "PUT", body: "x" });
  };
  for (const note of ["to \u2192 there", "a\r\nb: c"]) {
    const refused = await putWith(note);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("<Code>InvalidArgument</Code>");
  }
  expect((await putWith("caf\u00e9")).status).toBe(200);
  const { Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key: "noted" }));
  expect(Metadata).toEqual({ note: "caf\u00e9" });
});

const puts = () => endpoint.operationCounts().get("PutObject") ?? 0;

test("a delete during a conditional write makes it a 409", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "contested", Body: "old" }));
  const Body = new PassThrough();
  Body.write("ne");
  const put = { Bucket, Key: "contested", Body, ContentLength: 3, IfNoneMatch: "*" };
  const writing = s3.send(new PutObjectCommand(put));
  const before = puts();
  while (puts() === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "contested" }));
  Body.end("w");
  await expectFailure(writing, 409, "ConditionalRequestConflict");
});

test("a reader of an object that is replaced meanwhile gets the old bytes to the end", async () => {
  const old = Buffer.alloc(8_000_000, "old ");
  await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: old }));
  const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket, Key: "large" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: "new" }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(old)).toBe(true);
  expect(ETag).toBe(`"${createHash("md5").update(old).digest("hex")}"`);
});

describe("the endpoint's clock", () => {
  test("decides on presigned URLs", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "signed", Body: "x" }));
    const command = new GetObjectCommand({ Bucket, Key: "signed" });
    const signingDate = new Date(clock.now());
    const url = await getSignedUrl(s3, command, { expiresIn: 60, signingDate });
    expect((await fetch(url)).status).toBe(200);
    clock.advance(62_000);
    expect((await fetch(url)).status).toBe(403);
  });

  test("is followed by clients that are off by more than 15 minutes", async () => {
    clock.advance(20 * 60_000);
    const client = s3At(endpoint.url, { credentials: CREDENTIALS, maxAttempts: 2 });
    await client.send(new PutObjectCommand({ Bucket, Key: "late", Body: "x" }));
    const sqs = sqsAt(endpoint.url, CREDENTIALS);
    const QueueUrl = endpoint.queueUrl("work");
    const call = sqs.send(new GetQueueAttributesCommand({ QueueUrl }));
    await expectFailure(call, 400, "RequestExpired");
  });
});
