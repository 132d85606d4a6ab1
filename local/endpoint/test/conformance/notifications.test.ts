import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  type Event,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type QueueConfiguration,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";

import { expectFailure, targetOfFile, type TestQueue } from "../support/target.ts";

const { s3, sqs, newBucket, newQueue } = await targetOfFile();

interface S3Event {
  readonly eventName: string;
  readonly s3: {
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly sequencer: string;
    };
  };
}

function rule(
  { arn }: Pick<TestQueue, "arn">,
  { prefix = "", suffix = "", events = ["s3:ObjectCreated:*"] as Event[] } = {},
): QueueConfiguration {
  const rules = [
    { Name: "prefix", Value: prefix } as const,
    { Name: "suffix", Value: suffix } as const,
  ].filter(({ Value }) => Value !== "");
  return {
    QueueArn: arn,
    Events: events,
    ...(rules.length === 0 ? {} : { Filter: { Key: { FilterRules: rules } } }),
  };
}

function configure(Bucket: string, ...QueueConfigurations: QueueConfiguration[]) {
  return s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations },
    }),
  );
}

async function nextMessage({ url }: TestQueue, WaitTimeSeconds = 5): Promise<string | undefined> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds }),
  );
  const [message] = Messages ?? [];
  if (message === undefined) return undefined;
  await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
  return message.Body;
}

async function nextEvent(queue: TestQueue, WaitTimeSeconds?: number): Promise<S3Event | undefined> {
  const body = await nextMessage(queue, WaitTimeSeconds);
  if (body === undefined) return undefined;
  const { Records } = JSON.parse(body) as { Records?: S3Event[] };
  return Records?.[0];
}

/** A bucket with one rule, whose test event is already taken. */
async function watched(options?: Parameters<typeof rule>[1]) {
  const [Bucket, queue] = await Promise.all([newBucket(), newQueue()]);
  await configure(Bucket, rule(queue, options));
  await nextMessage(queue);
  return { Bucket, queue };
}

const put = (Bucket: string, Key: string) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: "abc" }));

describe.concurrent("notifications", () => {
  test("begin with a test event", async () => {
    const [Bucket, queue] = await Promise.all([newBucket(), newQueue()]);
    await configure(Bucket, rule(queue));
    const event: unknown = JSON.parse((await nextMessage(queue)) ?? "null");
    expect(event).toMatchObject({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket });
  });

  test("tell of a put", async () => {
    const { Bucket, queue } = await watched();
    await put(Bucket, "a.json");
    expect(await nextEvent(queue)).toMatchObject({
      eventVersion: expect.stringMatching(/^2\.\d$/),
      eventSource: "aws:s3",
      awsRegion: "us-east-1",
      eventName: "ObjectCreated:Put",
      s3: {
        bucket: { name: Bucket, arn: `arn:aws:s3:::${Bucket}` },
        object: { key: "a.json", size: 3, eTag: "900150983cd24fb0d6963f7d28e17f72" },
      },
    });
  });

  test("encode keys as a form does", async () => {
    const { Bucket, queue } = await watched();
    const key = "a b/c+d&é=(1).png";
    await put(Bucket, key);
    const encoded = (await nextEvent(queue))?.s3.object.key ?? "";
    expect(encoded).toMatch(/^a\+b\/c%2Bd%26%C3%A9%3D/);
    expect(decodeURIComponent(encoded.replaceAll("+", " "))).toBe(key);
  });

  test("tell of copies, completed uploads and deletes by their names", async () => {
    const { Bucket, queue } = await watched({
      events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
    });
    await put(Bucket, "a");
    expect((await nextEvent(queue))?.eventName).toBe("ObjectCreated:Put");
    await s3.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/a` }));
    expect((await nextEvent(queue))?.eventName).toBe("ObjectCreated:Copy");
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "c" }));
    const name = { Bucket, Key: "c", UploadId };
    const { ETag } = await s3.send(new UploadPartCommand({ ...name, PartNumber: 1, Body: "x" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...name, MultipartUpload }));
    expect((await nextEvent(queue))?.eventName).toBe("ObjectCreated:CompleteMultipartUpload");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "c" }));
    expect((await nextEvent(queue))?.eventName).toBe("ObjectRemoved:Delete");
  });

  test("come only for the prefix and suffix of the rule", async () => {
    const { Bucket, queue } = await watched({ prefix: "requests/", suffix: ".json" });
    await put(Bucket, "requests/a.txt");
    await put(Bucket, "other/a.json");
    await put(Bucket, "requests/a.json");
    expect((await nextEvent(queue))?.s3.object.key).toBe("requests/a.json");
    expect(await nextEvent(queue, 0)).toBeUndefined();
  });

  test("go to the queue of their rule", async () => {
    const [Bucket, requests, results] = await Promise.all([newBucket(), newQueue(), newQueue()]);
    await configure(
      Bucket,
      rule(requests, { prefix: "requests/" }),
      rule(results, { prefix: "jobs/" }),
    );
    await Promise.all([nextMessage(requests), nextMessage(results)]);
    await put(Bucket, "jobs/1/results/2.json");
    await put(Bucket, "requests/1.json");
    expect((await nextEvent(results))?.s3.object.key).toBe("jobs/1/results/2.json");
    expect((await nextEvent(requests))?.s3.object.key).toBe("requests/1.json");
  });

  test("of one key have growing sequencers", async () => {
    const { Bucket, queue } = await watched();
    const sequencers: string[] = [];
    for (let round = 0; round < 5; round++) {
      await put(Bucket, "same");
      sequencers.push((await nextEvent(queue))?.s3.object.sequencer ?? "");
    }
    expect(sequencers).toEqual(sequencers.toSorted());
    expect(new Set(sequencers).size).toBe(5);
  });

  test("are not sent for a write that failed its condition", async () => {
    const { Bucket, queue } = await watched();
    await put(Bucket, "once");
    await nextEvent(queue);
    const again = new PutObjectCommand({ Bucket, Key: "once", Body: "x", IfNoneMatch: "*" });
    await expectFailure(s3.send(again), 412, "PreconditionFailed");
    expect(await nextEvent(queue, 0)).toBeUndefined();
  });

  test("can be read back, replaced and removed", async () => {
    const { Bucket, queue } = await watched({ prefix: "a/", suffix: ".png" });
    const read = () => s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    const [configuration] = (await read()).QueueConfigurations ?? [];
    expect(configuration).toMatchObject({ QueueArn: queue.arn, Events: ["s3:ObjectCreated:*"] });
    expect(configuration?.Filter?.Key?.FilterRules?.map(({ Value }) => Value)).toEqual([
      "a/",
      ".png",
    ]);
    await configure(Bucket);
    expect((await read()).QueueConfigurations ?? []).toEqual([]);
    await put(Bucket, "a/b.png");
    expect(await nextEvent(queue, 0)).toBeUndefined();
  });

  test("to a queue that does not exist are refused", async () => {
    const Bucket = await newBucket();
    const call = configure(
      Bucket,
      rule({ arn: "arn:aws:sqs:us-east-1:000000000000:no-such-queue" }),
    );
    await expectFailure(call, 400, "InvalidArgument");
  });

  test.each([
    ["the same prefix", { prefix: "a/" }, { prefix: "a/" }],
    ["a prefix of the other", { prefix: "a/" }, { prefix: "a/b/" }],
    ["no prefix", {}, { prefix: "a/" }],
    ["the same suffix", { prefix: "a/", suffix: "b.png" }, { prefix: "a/", suffix: ".png" }],
  ])("of overlapping rules (%s) are refused", async (_case, a, b) => {
    const [Bucket, queue] = await Promise.all([newBucket(), newQueue()]);
    await expectFailure(configure(Bucket, rule(queue, a), rule(queue, b)), 400, "InvalidArgument");
  });

  test("of rules that differ in prefix, suffix or event are accepted (control)", async () => {
    const [Bucket, queue] = await Promise.all([newBucket(), newQueue()]);
    const call = configure(
      Bucket,
      rule(queue, { prefix: "a/", suffix: ".png" }),
      rule(queue, { prefix: "a/", suffix: ".json" }),
      rule(queue, { prefix: "b/" }),
      rule(queue, { prefix: "a/", events: ["s3:ObjectRemoved:*"] }),
    );
    await expect(call).resolves.toBeDefined();
  });
});
