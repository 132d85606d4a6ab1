import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { CreateBucketCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, expect } from "vitest";

import { ManualClock } from "../../src/clock.ts";
import { startEndpoint } from "../../src/endpoint.ts";

/** Another endpoint to run the conformance suite against, instead of the embedded one. */
const OTHER_ENDPOINT = process.env["DREAMGRID_CONFORMANCE_ENDPOINT"];

export interface TestQueue {
  readonly url: string;
  readonly arn: string;
  readonly name: string;
}

/** The endpoint's time. That of the embedded one stands still until a test lets some pass. */
export interface TargetTime {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly pass: (ms: number) => Promise<void>;
  /**
   * Starts a long poll; resolves when it has reached the endpoint, and its answer is still to come.
   */
  readonly startPoll: <T>(poll: () => Promise<T>) => Promise<{ readonly answer: Promise<T> }>;
}

/** An endpoint under test, real clients for it, and names that no other test uses. */
export interface Target extends TargetTime {
  /** Whether it is another than the embedded one. */
  readonly isOther: boolean;
  readonly url: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly newBucket: () => Promise<string>;
  readonly newQueue: (attributes?: Readonly<Record<string, string>>) => Promise<TestQueue>;
  readonly close: () => Promise<void>;
}

/** By how much the clocks of client and endpoint may differ: AWS's limit for signatures. */
export const MAX_SKEW_MS = 15 * 60_000;

export const REGION = "us-east-1";

/** Starts an embedded endpoint in a folder of its own, or uses the one in the environment. */
export async function openTarget(): Promise<Target> {
  const credentials = {
    accessKeyId: process.env["DREAMGRID_CONFORMANCE_ACCESS_KEY_ID"] ?? "dreamgrid",
    secretAccessKey: process.env["DREAMGRID_CONFORMANCE_SECRET_ACCESS_KEY"] ?? "dreamgrid-local",
  };
  if (OTHER_ENDPOINT !== undefined)
    return targetAt(OTHER_ENDPOINT, credentials, REAL_TIME, async () => undefined);
  const dataFolder = await newFolder();
  const clock = new ManualClock();
  const endpoint = await startEndpoint({ dataFolder, clock });
  const time = timeOf(clock, () => endpoint.operationCounts().get("ReceiveMessage") ?? 0);
  return targetAt(endpoint.url, credentials, time, async () => {
    await endpoint.close();
    await rm(dataFolder, { recursive: true });
  });
}

/** The same for all tests of a file; it is closed after them. */
export async function targetOfFile(): Promise<Target> {
  const target = await openTarget();
  afterAll(target.close);
  return target;
}

function timeOf(clock: ManualClock, receives: () => number): TargetTime {
  return {
    now: () => clock.now(),
    pass: async (ms) => clock.advance(ms),
    startPoll: async (poll) => {
      const before = receives();
      const answer = poll();
      while (receives() === before) await sleep(LOOK_EVERY_MS);
      return { answer };
    },
  };
}

const LOOK_EVERY_MS = 5;
/** Another endpoint does not say what has reached it. */
const REACHES_WITHIN_MS = 300;

const REAL_TIME: TargetTime = {
  now: () => Date.now(),
  pass: (ms) => sleep(ms),
  startPoll: async (poll) => {
    const answer = poll();
    await sleep(REACHES_WITHIN_MS);
    return { answer };
  },
};

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "dreamgrid-endpoint-"));
}

export function newName(kind: string): string {
  return `${kind}-${randomBytes(6).toString("hex")}`;
}

function targetAt(
  url: string,
  credentials: Target["credentials"],
  time: TargetTime,
  closeEndpoint: () => Promise<void>,
): Target {
  const s3 = s3At(url, { credentials });
  const sqs = sqsAt(url, credentials);
  return {
    ...time,
    isOther: OTHER_ENDPOINT !== undefined,
    url,
    credentials,
    s3,
    sqs,
    async newBucket() {
      const Bucket = newName("bucket");
      await s3.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async newQueue(attributes = {}) {
      const name = newName("queue");
      const { QueueUrl = "" } = await sqs.send(
        new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
      );
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
      );
      return { url: QueueUrl, arn: Attributes?.QueueArn ?? "", name };
    },
    async close() {
      s3.destroy();
      sqs.destroy();
      await closeEndpoint();
    },
  };
}

/** A real client that does not hide failures behind retries. */
export function s3At(url: string, config: S3ClientConfig): S3Client {
  return new S3Client({
    region: REGION,
    endpoint: url,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}

export function sqsAt(url: string, credentials: Target["credentials"]): SQSClient {
  return new SQSClient({ region: REGION, endpoint: url, credentials, maxAttempts: 1 });
}

/**
 * Asserts that a call of the SDK fails with that status and code. Returns the error.
 *
 * @param code `null` where the answer has no body and each version of the SDK makes up its own.
 */
export async function expectFailure(
  call: Promise<unknown>,
  status: number,
  code: string | null,
): Promise<Error> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) {
    throw new Error(
      `expected ${status} ${code}, but the call succeeded: ${JSON.stringify(outcome.value)}`,
    );
  }
  const { error } = outcome;
  if (!(error instanceof Error)) throw new Error("the SDK threw something that is not an Error");
  const metadata = "$metadata" in error ? (error.$metadata as { httpStatusCode?: number }) : {};
  expect({ code: code === null ? null : error.name, status: metadata.httpStatusCode }).toEqual({
    code,
    status,
  });
  return error;
}

/** Code and status of an XML answer to a plain `fetch`. */
export async function xmlErrorOf(
  response: Response,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const text = await response.text();
  return { status: response.status, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] };
}
