import { Agent } from "node:http";
import type { LookupFunction } from "node:net";

import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { describe, expect, test } from "vitest";

import { expectFailure, s3At, sqsAt, targetOfFile, xmlErrorOf } from "../support/target.ts";

const { s3, newBucket, url, credentials, now } = await targetOfFile();

const Bucket = await newBucket();
const SECRET = { ...credentials, secretAccessKey: "not-the-secret" };
const STRANGER = { accessKeyId: "stranger", secretAccessKey: "x" };

async function put(Key: string, Body: string): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

const presignGet = (Key: string, more: object = {}, expiresIn = 60) =>
  getSignedUrl(s3, new GetObjectCommand({ Bucket, Key, ...more }), { expiresIn });

const presignPut = (Key: string, more: object = {}) =>
  getSignedUrl(s3, new PutObjectCommand({ Bucket, Key, ...more }), { expiresIn: 60 });

/** The URL with one query parameter changed. */
function tamper(signedUrl: string, name: string, change: (value: string) => string): string {
  const changed = new URL(signedUrl);
  const value = changed.searchParams.get(name);
  if (value === null) throw new Error(`${signedUrl} has no ${name}`);
  changed.searchParams.set(name, change(value));
  return changed.toString();
}

const as = (who: typeof credentials, more: object = {}) => s3At(url, { credentials: who, ...more });

const putTo = (signedUrl: string, body: string, headers: Record<string, string> = {}) =>
  fetch(signedUrl, { method: "PUT", body, headers });

// not every system resolves names below localhost
const lookupLoopback: LookupFunction = (_host, options, answer) =>
  options.all === true
    ? answer(null, [{ address: "127.0.0.1", family: 4 }])
    : answer(null, "127.0.0.1", 4);

const signedAgo = (seconds: number) => ({
  signingDate: new Date(now() - 1000 * seconds),
  expiresIn: 30,
});

/** Of a client's clock, from the endpoint's, which may stand still. */
const fromNow = (ms: number) => ({ systemClockOffset: now() + ms - Date.now() });

describe.concurrent("header signatures", () => {
  test("with another secret are refused, by S3 and SQS", async () => {
    const get = as(SECRET).send(new GetObjectCommand({ Bucket, Key: "a" }));
    await expectFailure(get, 403, "SignatureDoesNotMatch");
    const list = sqsAt(url, SECRET).send(new ListQueuesCommand({}));
    await expectFailure(list, 403, "SignatureDoesNotMatch");
  });

  test("of an unknown key id are refused, by S3 and SQS", async () => {
    const get = as(STRANGER).send(new GetObjectCommand({ Bucket, Key: "a" }));
    await expectFailure(get, 403, "InvalidAccessKeyId");
    const list = sqsAt(url, STRANGER).send(new ListQueuesCommand({}));
    await expectFailure(list, 403, "InvalidClientTokenId");
  });

  test("missing altogether are refused", async () => {
    const response = await fetch(`${url}/${Bucket}/a`);
    expect(await xmlErrorOf(response)).toEqual({ status: 403, code: "AccessDenied" });
  });

  test("more than 15 minutes off are refused", async () => {
    for (const ms of [-16 * 60_000, 16 * 60_000]) {
      const get = as(credentials, fromNow(ms)).send(new GetObjectCommand({ Bucket, Key: "a" }));
      await expectFailure(get, 403, "RequestTimeTooSkewed");
    }
  });

  test("less than 15 minutes off are taken (control)", async () => {
    await put("skew", "x");
    for (const ms of [-14 * 60_000, 14 * 60_000]) {
      const client = as(credentials, fromNow(ms));
      const call = client.send(new GetObjectCommand({ Bucket, Key: "skew" }));
      await expect(call).resolves.toMatchObject({ ContentLength: 1 });
    }
  });

  test("for another region are refused", async () => {
    const elsewhere = as(credentials, { region: "eu-west-1" });
    const get = elsewhere.send(new GetObjectCommand({ Bucket, Key: "a" }));
    await expectFailure(get, 400, "AuthorizationHeaderMalformed");
  });

  test("a changed path, header or body is noticed", async () => {
    // what a proxy could do on the way
    for (const change of [
      (request: { path: string }) => void (request.path += "x"),
      (request: { headers: Record<string, string> }) =>
        void (request.headers["x-amz-meta-a"] = "2"),
      (request: { headers: Record<string, string> }) =>
        void (request.headers["x-amz-acl"] = "private"),
    ]) {
      const client = as(credentials);
      client.middlewareStack.add(
        (next) => (args) => {
          change(args.request as { path: string; headers: Record<string, string> });
          return next(args);
        },
        { step: "finalizeRequest", priority: "low" },
      );
      const call = client.send(
        new PutObjectCommand({ Bucket, Key: "p", Body: "1", Metadata: { a: "1" } }),
      );
      await expect(call).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    }
  });

  test("virtual-host style works too", async () => {
    const { port } = new URL(url);
    const client = s3At(`http://localhost:${port}`, {
      credentials,
      forcePathStyle: false,
      requestHandler: { httpAgent: new Agent({ lookup: lookupLoopback }) },
    });
    await client.send(new PutObjectCommand({ Bucket, Key: "virtual/ü", Body: "x" }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "virtual/ü" }));
    expect(await Body?.transformToString()).toBe("x");
  });
});

describe.concurrent("presigned GET", () => {
  test("needs nothing but the URL", async () => {
    await put("signed/a b+ü.txt", "hello");
    const response = await fetch(await presignGet("signed/a b+ü.txt"));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("hello");
  });

  test("can override response headers", async () => {
    await put("override", "x");
    const overrides = {
      ResponseContentType: "image/png",
      ResponseContentDisposition: 'attachment; filename="sheet.png"',
      ResponseCacheControl: "no-store",
    };
    const { headers } = await fetch(await presignGet("override", overrides));
    expect(headers.get("content-type")).toBe("image/png");
    expect(headers.get("content-disposition")).toBe('attachment; filename="sheet.png"');
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("serves ranges", async () => {
    await put("ranged", "0123456789");
    const response = await fetch(await presignGet("ranged"), { headers: { range: "bytes=3-5" } });
    expect(response.status).toBe(206);
    expect(await response.text()).toBe("345");
  });

  test("expires", async () => {
    await put("expiring", "x");
    const command = new GetObjectCommand({ Bucket, Key: "expiring" });
    const fresh = await fetch(await getSignedUrl(s3, command, signedAgo(20)));
    expect(fresh.status).toBe(200);
    const late = await fetch(await getSignedUrl(s3, command, signedAgo(32)));
    expect(await xmlErrorOf(late)).toEqual({ status: 403, code: "AccessDenied" });
  });

  test("is not valid before its time", async () => {
    const command = new GetObjectCommand({ Bucket, Key: "early" });
    const signingDate = new Date(now() + 20 * 60_000);
    const early = await fetch(await getSignedUrl(s3, command, { signingDate, expiresIn: 3600 }));
    expect(await xmlErrorOf(early)).toEqual({ status: 403, code: "AccessDenied" });
  });

  test.each([
    ["X-Amz-Signature", (value: string) => value.replace(/^./, (c) => (c === "0" ? "1" : "0"))],
    ["X-Amz-Expires", () => "600000"],
    [
      "X-Amz-Date",
      (value: string) => value.replace(/\d\dZ$/, (s) => (s === "00Z" ? "01Z" : "00Z")),
    ],
    ["response-content-type", () => "text/html"],
  ])("refuses a changed %s", async (name, change) => {
    await put("tampered", "x");
    const signedUrl = await presignGet("tampered", { ResponseContentType: "text/plain" });
    const response = await fetch(tamper(signedUrl, name, change));
    expect(await xmlErrorOf(response)).toEqual({ status: 403, code: "SignatureDoesNotMatch" });
  });

  test("refuses another key, and another method", async () => {
    await put("one", "x");
    await put("two", "secret");
    const signedUrl = await presignGet("one");
    const otherKey = await fetch(signedUrl.replace("/one?", "/two?"));
    expect(await xmlErrorOf(otherKey)).toEqual({ status: 403, code: "SignatureDoesNotMatch" });
    const otherMethod = await fetch(signedUrl, { method: "DELETE" });
    expect(otherMethod.status).toBe(403);
    expect((await fetch(signedUrl)).status).toBe(200);
  });

  test("refuses a life of more than a week", async () => {
    const signedUrl = await presignGet("one", {}, 604_800);
    const response = await fetch(tamper(signedUrl, "X-Amz-Expires", () => "604801"));
    expect(await xmlErrorOf(response)).toMatchObject({
      status: 400,
      code: "AuthorizationQueryParametersError",
    });
  });
});

describe.concurrent("presigned PUT", () => {
  test("takes a body that was not known when it was signed", async () => {
    const response = await putTo(await presignPut("upload"), "hello");
    expect(response.status).toBe(200);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "upload" }));
    expect(await Body?.transformToString()).toBe("hello");
  });

  test("keeps metadata from the URL and the content type from the request", async () => {
    const signedUrl = await presignPut("described", { Metadata: { a: "1" } });
    await putTo(signedUrl, "hello", { "content-type": "text/css" });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "described" }));
    expect(got).toMatchObject({ ContentType: "text/css", Metadata: { a: "1" } });
  });

  test("insists on a signed condition", async () => {
    const signedUrl = await presignPut("once", { IfNoneMatch: "*" });
    expect((await putTo(signedUrl, "x")).status).toBe(403);
    const condition = { "if-none-match": "*" };
    expect((await putTo(signedUrl, "x", condition)).status).toBe(200);
    expect((await putTo(signedUrl, "y", condition)).status).toBe(412);
  });

  test("refuses headers that were not signed", async () => {
    const response = await putTo(await presignPut("acl"), "x", { "x-amz-acl": "public-read" });
    expect(await xmlErrorOf(response)).toEqual({ status: 403, code: "AccessDenied" });
  });
});
