import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";

import { queueClient } from "../support/queue-client.ts";
import { expectFailure, MAX_SKEW_MS, targetOfFile, type TestQueue } from "../support/target.ts";

const { sqs, newQueue, now } = await targetOfFile();

const { send, receive, counts } = queueClient(sqs);

const MIB = 1024 * 1024;

function sendBatch({ url }: TestQueue, bodies: readonly string[], ids: readonly string[] = []) {
  const Entries = bodies.map((MessageBody, i) => ({ Id: ids[i] ?? `id-${i}`, MessageBody }));
  return sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
}

const text = (StringValue: string) => ({ DataType: "String", StringValue });

describe.concurrent("messages", () => {
  test("come back with body and MD5", async () => {
    const queue = await newQueue();
    const sent = await send(queue, "grüße & <xml> 🎨");
    const [message] = await receive(queue);
    expect(message?.Body).toBe("grüße & <xml> 🎨");
    expect(message?.MessageId).toBe(sent.MessageId);
    expect(message?.MD5OfBody).toBe(sent.MD5OfMessageBody);
  });

  test("have the MD5s of RFC 1321", async () => {
    const queue = await newQueue();
    expect((await send(queue, "abc")).MD5OfMessageBody).toBe("900150983cd24fb0d6963f7d28e17f72");
  });

  test("carry attributes of every type", async () => {
    const queue = await newQueue();
    const MessageAttributes = {
      jobId: { DataType: "String", StringValue: "job-1" },
      channel: { DataType: "Number.int", StringValue: "7" },
      hash: { DataType: "Binary", BinaryValue: Uint8Array.of(1, 2, 255) },
    };
    const sent = await send(queue, "x", { MessageAttributes });
    const [message] = await receive(queue, { MessageAttributeNames: ["All"] });
    expect(message?.MessageAttributes).toMatchObject({
      jobId: MessageAttributes.jobId,
      channel: MessageAttributes.channel,
    });
    expect([...(message?.MessageAttributes?.["hash"]?.BinaryValue ?? [])]).toEqual([1, 2, 255]);
    expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
  });

  test("give only the attributes asked for", async () => {
    const queue = await newQueue({ VisibilityTimeout: "0" });
    await send(queue, "x", {
      MessageAttributes: { "a.b": text("1"), "a.c": text("2"), d: text("3") },
    });
    const names = async (...MessageAttributeNames: string[]) => {
      const [message] = await receive(queue, { MessageAttributeNames, WaitTimeSeconds: 2 });
      return Object.keys(message?.MessageAttributes ?? {}).toSorted();
    };
    expect(await names("d", "none")).toEqual(["d"]);
    expect(await names("a.*")).toEqual(["a.b", "a.c"]);
    expect(await names()).toEqual([]);
  });

  test("tell when and how often they were delivered", async () => {
    const queue = await newQueue({ VisibilityTimeout: "0" });
    await send(queue, "x", { MessageGroupId: "job-1" });
    const attributes = async () => {
      const [message] = await receive(queue, {
        MessageSystemAttributeNames: ["All"],
        WaitTimeSeconds: 2,
      });
      return message?.Attributes ?? {};
    };
    const first = await attributes();
    expect(first.ApproximateReceiveCount).toBe("1");
    expect(first.MessageGroupId).toBe("job-1");
    expect(Math.abs(Number(first.SentTimestamp) - now())).toBeLessThan(MAX_SKEW_MS);
    const second = await attributes();
    expect(second.ApproximateReceiveCount).toBe("2");
    expect(second.SentTimestamp).toBe(first.SentTimestamp);
    expect(second.ApproximateFirstReceiveTimestamp).toBe(first.ApproximateFirstReceiveTimestamp);
  });

  test("may have 1 MiB and not one byte more", async () => {
    const queue = await newQueue();
    await send(queue, "x".repeat(MIB));
    await expectFailure(send(queue, "x".repeat(MIB + 1)), 400, "InvalidParameterValue");
    const [message] = await receive(queue);
    expect(message?.Body?.length).toBe(MIB);
  });

  test("count bytes, not characters, and attributes too", async () => {
    const queue = await newQueue();
    await expectFailure(send(queue, "é".repeat(MIB / 2 + 1)), 400, "InvalidParameterValue");
    const MessageAttributes = { a: { DataType: "String", StringValue: "1" } }; // 1 + 6 + 1 bytes
    await send(queue, "x".repeat(MIB - 8), { MessageAttributes });
    const tooLong = send(queue, "x".repeat(MIB - 7), { MessageAttributes });
    await expectFailure(tooLong, 400, "InvalidParameterValue");
  });

  test("must not be empty, nor have control characters", async () => {
    const queue = await newQueue();
    await expectFailure(send(queue, ""), 400, "MissingParameter");
    await expectFailure(send(queue, "a\u0001b"), 400, "InvalidMessageContents");
    await send(queue, "a\tb\r\nc");
  });

  test("can be limited further by their queue", async () => {
    const queue = await newQueue({ MaximumMessageSize: "1024" });
    await send(queue, "x".repeat(1024));
    await expectFailure(send(queue, "x".repeat(1025)), 400, "InvalidParameterValue");
  });

  test("are gone after they were deleted, once and again", async () => {
    const queue = await newQueue({ VisibilityTimeout: "0" });
    await send(queue, "x");
    const [message] = await receive(queue, { VisibilityTimeout: 30 });
    const remove = new DeleteMessageCommand({
      QueueUrl: queue.url,
      ReceiptHandle: message?.ReceiptHandle,
    });
    await sqs.send(remove);
    await sqs.send(remove);
    expect(await receive(queue)).toEqual([]);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test("are not deleted by something that is no receipt handle", async () => {
    const queue = await newQueue();
    const call = sqs.send(
      new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: "nonsense" }),
    );
    await expectFailure(call, 400, "ReceiptHandleIsInvalid");
  });
});

describe.concurrent("batches", () => {
  test("send, receive and delete ten at once", async () => {
    const queue = await newQueue();
    const bodies = Array.from({ length: 10 }, (_, i) => `message ${i}`);
    const { Successful, Failed } = await sendBatch(queue, bodies);
    expect(Successful).toHaveLength(10);
    expect(Failed ?? []).toEqual([]);
    const messages = await receive(queue);
    expect(messages.map(({ Body = "" }) => Body).toSorted()).toEqual(bodies);
    const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: `${i}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test("report the entries that failed beside those that did not", async () => {
    const queue = await newQueue();
    const { Successful, Failed } = await sendBatch(queue, ["good", "bad\u0000", "good too"]);
    expect(Successful?.map(({ Id }) => Id)).toEqual(["id-0", "id-2"]);
    expect(Failed).toMatchObject([
      { Id: "id-1", SenderFault: true, Code: "InvalidMessageContents" },
    ]);
    expect((await receive(queue)).map(({ Body = "" }) => Body).toSorted()).toEqual([
      "good",
      "good too",
    ]);
  });

  test("of deletions fail in part", async () => {
    const queue = await newQueue();
    await send(queue, "x");
    const [message] = await receive(queue);
    const { Successful, Failed } = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: "good", ReceiptHandle: message?.ReceiptHandle },
          { Id: "bad", ReceiptHandle: "nonsense" },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(["good"]);
    expect(Failed).toMatchObject([
      { Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true },
    ]);
  });

  test("of visibility changes fail in part", async () => {
    const queue = await newQueue();
    await send(queue, "x");
    const [message] = await receive(queue);
    const { Successful, Failed } = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: "good", ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: "bad", ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 50_000 },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(["good"]);
    expect(Failed).toMatchObject([{ Id: "bad", Code: "InvalidParameterValue" }]);
    expect(await receive(queue, { WaitTimeSeconds: 2 })).toHaveLength(1);
  });

  test.each([
    ["EmptyBatchRequest", [], []],
    ["TooManyEntriesInBatchRequest", Array.from({ length: 11 }, () => "x"), []],
    ["BatchEntryIdsNotDistinct", ["x", "y"], ["same", "same"]],
    ["InvalidBatchEntryId", ["x"], ["not valid!"]],
    ["BatchRequestTooLong", ["x".repeat(MIB / 2), "y".repeat(MIB / 2 + 1)], []],
  ])("are refused as a whole: %s", async (code, bodies, ids) => {
    const queue = await newQueue();
    await expectFailure(sendBatch(queue, bodies, ids), 400, code);
    expect(await receive(queue)).toEqual([]);
  });

  test("may have 1 MiB in total", async () => {
    const queue = await newQueue();
    const { Successful } = await sendBatch(queue, ["x".repeat(MIB / 2), "y".repeat(MIB / 2)]);
    expect(Successful).toHaveLength(2);
  });
});

describe.concurrent("bad requests", () => {
  test.each([
    { MaxNumberOfMessages: 0 },
    { MaxNumberOfMessages: 11 },
    { WaitTimeSeconds: 21 },
    { VisibilityTimeout: 43_201 },
  ])("receive with %j", async (option) => {
    const queue = await newQueue();
    await expectFailure(receive(queue, option), 400, "InvalidParameterValue");
  });

  test.each([
    { DelaySeconds: 901 },
    { DelaySeconds: -1 },
    { MessageGroupId: "with space" },
    { MessageDeduplicationId: "of FIFO queues" },
  ])("send with %j", async (option) => {
    const queue = await newQueue();
    await expectFailure(send(queue, "x", option), 400, "InvalidParameterValue");
  });

  test("send with eleven attributes", async () => {
    const queue = await newQueue();
    const MessageAttributes = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`a${i}`, { DataType: "String", StringValue: "1" }]),
    );
    await expectFailure(send(queue, "x", { MessageAttributes }), 400, "InvalidParameterValue");
  });
});
