import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";

import { expectFailure, targetOfFile } from "../support/target.ts";

const { s3, newBucket, now } = await targetOfFile();

const Bucket = await newBucket();
const OTHER_ETAG = '"00000000000000000000000000000000"';
const RACERS = 20;

async function put(Key: string, Body: string, conditions: object = {}): Promise<string> {
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...conditions }));
  return ETag ?? "";
}

async function textOf(Key: string): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
}

/**
 * Writes from 20 sides at once. Returns the bodies of those who won, and the statuses of the
 * others.
 */
async function race(write: (body: string) => Promise<unknown>) {
  const bodies = Array.from({ length: RACERS }, (_, index) => `writer ${index}`);
  const outcomes = await Promise.allSettled(bodies.map(write));
  return {
    winners: outcomes.flatMap(({ status }, index) =>
      status === "fulfilled" ? (bodies[index] ?? []) : [],
    ),
    losses: outcomes.flatMap((outcome) =>
      outcome.status === "rejected"
        ? [(outcome.reason as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode]
        : [],
    ),
  };
}

const get = (Key: string, conditions: object) =>
  s3.send(new GetObjectCommand({ Bucket, Key, ...conditions }));

const range = (Key: string, Range: string) => s3.send(new GetObjectCommand({ Bucket, Key, Range }));

const copyOnce = (from: string, Key: string) =>
  s3.send(
    new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, IfNoneMatch: "*" }),
  );

const removeVersion = (Key: string, IfMatch: string) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }));

describe.concurrent("conditional PUT", () => {
  test("If-None-Match: * creates what is not there", async () => {
    await put("new", "a", { IfNoneMatch: "*" });
    expect(await textOf("new")).toBe("a");
  });

  test("If-None-Match: * leaves what is there", async () => {
    await put("old", "a");
    await expectFailure(put("old", "b", { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    expect(await textOf("old")).toBe("a");
  });

  test("If-None-Match: * works again after a delete", async () => {
    await put("again", "a", { IfNoneMatch: "*" });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "again" }));
    await put("again", "b", { IfNoneMatch: "*" });
    expect(await textOf("again")).toBe("b");
  });

  test("exactly one of 20 racing creators wins, and its bytes are there", async () => {
    const { winners, losses } = await race((body) =>
      put("race/create", body, { IfNoneMatch: "*" }),
    );
    expect(winners).toHaveLength(1);
    expect(losses.filter((status) => status !== 412 && status !== 409)).toEqual([]);
    expect(await textOf("race/create")).toBe(winners[0]);
  });

  test("without a condition all 20 racing writers succeed (control)", async () => {
    const { winners } = await race((body) => put("race/free", body));
    expect(winners).toHaveLength(RACERS);
    expect(winners).toContain(await textOf("race/free"));
  });

  test("If-Match replaces the version it names", async () => {
    const etag = await put("match", "a");
    await put("match", "b", { IfMatch: etag });
    expect(await textOf("match")).toBe("b");
  });

  test("If-Match refuses another version", async () => {
    await put("stale", "a");
    await expectFailure(put("stale", "b", { IfMatch: OTHER_ETAG }), 412, "PreconditionFailed");
    expect(await textOf("stale")).toBe("a");
  });

  test("If-Match on nothing is NoSuchKey", async () => {
    await expectFailure(put("nothing", "b", { IfMatch: OTHER_ETAG }), 404, "NoSuchKey");
  });

  test("exactly one of 20 racing updaters of one version wins", async () => {
    const etag = await put("race/update", "start");
    const { winners } = await race((body) => put("race/update", body, { IfMatch: etag }));
    expect(winners).toHaveLength(1);
    expect(await textOf("race/update")).toBe(winners[0]);
  });

  test("If-None-Match with an ETag is not implemented, as in S3", async () => {
    const call = put("etag-create", "a", { IfNoneMatch: OTHER_ETAG });
    await expectFailure(call, 501, "NotImplemented");
  });

  test("a copy can be conditional too", async () => {
    await put("copied", "a");
    await put("taken", "b");
    await copyOnce("copied", "free");
    await expectFailure(copyOnce("copied", "taken"), 412, "PreconditionFailed");
    expect(await textOf("taken")).toBe("b");
  });
});

describe.concurrent("conditional DELETE", () => {
  test("spares another version", async () => {
    const etag = await put("kept", "a");
    await expectFailure(removeVersion("kept", OTHER_ETAG), 412, "PreconditionFailed");
    expect(await textOf("kept")).toBe("a");
    await removeVersion("kept", etag);
    await expectFailure(textOf("kept"), 404, "NoSuchKey");
  });
});

describe.concurrent("conditional GET", () => {
  const past = new Date("2001-02-03T04:05:06Z");
  const future = new Date(now() + 60_000);

  test("If-None-Match answers 304 for the version the client has", async () => {
    const etag = await put("cached", "a");
    await expectFailure(get("cached", { IfNoneMatch: etag }), 304, null);
    expect((await get("cached", { IfNoneMatch: OTHER_ETAG })).ETag).toBe(etag);
  });

  test("If-Match answers 412 for another version", async () => {
    const etag = await put("pinned", "a");
    expect((await get("pinned", { IfMatch: etag })).ETag).toBe(etag);
    await expectFailure(get("pinned", { IfMatch: OTHER_ETAG }), 412, "PreconditionFailed");
  });

  test("dates are compared", async () => {
    await put("dated", "a");
    await get("dated", { IfModifiedSince: past });
    await expectFailure(get("dated", { IfModifiedSince: future }), 304, null);
    await get("dated", { IfUnmodifiedSince: future });
    await expectFailure(get("dated", { IfUnmodifiedSince: past }), 412, "PreconditionFailed");
  });

  test("an ETag overrides a date", async () => {
    const etag = await put("both", "a");
    const matching = await get("both", { IfMatch: etag, IfUnmodifiedSince: past });
    expect(matching.$metadata.httpStatusCode).toBe(200);
    const differing = await get("both", { IfNoneMatch: OTHER_ETAG, IfModifiedSince: future });
    expect(differing.$metadata.httpStatusCode).toBe(200);
  });

  test("HEAD obeys conditions as well", async () => {
    const etag = await put("headed", "a");
    const head = s3.send(new HeadObjectCommand({ Bucket, Key: "headed", IfNoneMatch: etag }));
    await expectFailure(head, 304, null);
  });
});

describe.concurrent("ranges", () => {
  test.each([
    { header: "bytes=2-4", bytes: "234", contentRange: "bytes 2-4/10" },
    { header: "bytes=7-", bytes: "789", contentRange: "bytes 7-9/10" },
    { header: "bytes=-4", bytes: "6789", contentRange: "bytes 6-9/10" },
    { header: "bytes=8-99", bytes: "89", contentRange: "bytes 8-9/10" },
    { header: "bytes=-99", bytes: "0123456789", contentRange: "bytes 0-9/10" },
    { header: "bytes=0-0", bytes: "0", contentRange: "bytes 0-0/10" },
  ])("$header", async ({ header, bytes, contentRange }) => {
    const Key = `range/${header}`;
    await put(Key, "0123456789");
    const got = await range(Key, header);
    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(contentRange);
    expect(got.ContentLength).toBe(bytes.length);
    expect(await got.Body?.transformToString()).toBe(bytes);
  });

  test("beyond the end is 416", async () => {
    await put("short", "0123456789");
    await expectFailure(range("short", "bytes=10-12"), 416, "InvalidRange");
  });

  test("that make no sense are ignored", async () => {
    await put("whole", "0123456789");
    const got = await range("whole", "bytes=5-2");
    expect(got.$metadata.httpStatusCode).toBe(200);
    expect(await got.Body?.transformToString()).toBe("0123456789");
  });
});
