import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";

import type {
  MessageReceiver,
  ReceivedMessage,
  ReceiveOptions,
} from "../../lib/queue/message-queue.ts";
import {
  type EventSourceOptions,
  startEventSource,
} from "../../local/event-sources/event-source.ts";

/** A receiver that hands out what it is told to, and keeps account of what is done with it. */
class ScriptedReceiver implements MessageReceiver {
  readonly waiting: ReceivedMessage[] = [];
  readonly deleted: string[] = [];
  readonly visibility: [string, number][] = [];
  readonly polls: ReceiveOptions[] = [];

  put(...ids: readonly string[]): void {
    for (const id of ids) {
      this.waiting.push({
        messageId: id,
        receiptHandle: `handle-${id}`,
        body: `body of ${id}`,
        receiveCount: 2,
        attributes: { SentTimestamp: "1", MessageGroupId: "g" },
      });
    }
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    this.polls.push(options);
    if (this.waiting.length === 0) await sleep(options.waitSeconds === 0 ? 1 : 20);
    return this.waiting.splice(0, options.maxMessages);
  }

  deleteAll(handles: readonly string[]): Promise<void> {
    this.deleted.push(...handles);
    return Promise.resolve();
  }

  changeVisibility(handles: readonly string[], seconds: number): Promise<void> {
    this.visibility.push(...handles.map((handle): [string, number] => [handle, seconds]));
    return Promise.resolve();
  }
}

const failB = (): Promise<SQSBatchResponse> =>
  Promise.resolve({ batchItemFailures: [{ itemIdentifier: "b" }] });
const succeed = (): Promise<SQSBatchResponse> => Promise.resolve({ batchItemFailures: [] });

function start(receiver: ScriptedReceiver, options: Partial<EventSourceOptions>) {
  const source = startEventSource({
    receiver,
    queueArn: "arn:aws:sqs:eu-west-1:000000000000:q",
    handler: succeed,
    batchSize: 10,
    batchingWindowMs: 0,
    concurrency: 1,
    visibilitySeconds: 30,
    retrySeconds: 3,
    onError: () => undefined,
    ...options,
  });
  onTestFinished(() => source.stop());
  return source;
}

test("a message becomes a Lambda record", async () => {
  const receiver = new ScriptedReceiver();
  const events: SQSEvent[] = [];
  start(receiver, {
    handler: (event) => {
      events.push(event);
      return succeed();
    },
  });
  receiver.put("a");
  await vi.waitFor(() => expect(receiver.deleted).toEqual(["handle-a"]));
  expect(events[0]?.Records).toEqual([
    {
      messageId: "a",
      receiptHandle: "handle-a",
      body: "body of a",
      attributes: {
        SentTimestamp: "1",
        MessageGroupId: "g",
        ApproximateReceiveCount: "2",
        SenderId: "",
        ApproximateFirstReceiveTimestamp: "",
      },
      messageAttributes: {},
      // md5sum of "body of a"
      md5OfBody: "c4ccced46e66140b154950fdf23e305b",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:q",
      awsRegion: "eu-west-1",
    },
  ]);
});

test("what succeeded is deleted, what failed is given back for later", async () => {
  const receiver = new ScriptedReceiver();
  receiver.put("a", "b", "c");
  start(receiver, { handler: failB });
  await vi.waitFor(() => expect(receiver.visibility).toEqual([["handle-b", 3]]));
  expect(receiver.deleted).toEqual(["handle-a", "handle-c"]);
});

test("a handler that throws gives its whole batch back, and the source goes on", async () => {
  const receiver = new ScriptedReceiver();
  receiver.put("a", "b");
  const errors: unknown[] = [];
  let calls = 0;
  start(receiver, {
    handler: () => (calls++ === 0 ? Promise.reject(new Error("crash")) : succeed()),
    onError: (error) => errors.push(error),
  });
  await vi.waitFor(() => expect(receiver.visibility).toHaveLength(2));
  expect(errors).toEqual([new Error("crash")]);
  receiver.put("c");
  await vi.waitFor(() => expect(receiver.deleted).toEqual(["handle-c"]));
});

test("a window gathers what comes in several calls into one event, up to the batch size", async () => {
  const receiver = new ScriptedReceiver();
  const sizes: number[] = [];
  const ids = Array.from({ length: 34 }, (_, i) => `m${i}`);
  receiver.put(...ids);
  start(receiver, {
    batchSize: 25,
    batchingWindowMs: 1_000,
    handler: ({ Records }) => {
      sizes.push(Records.length);
      return succeed();
    },
  });
  await vi.waitFor(() => expect(receiver.deleted).toHaveLength(34));
  expect(sizes).toEqual([25, 9]);
});

test("messages stay invisible while their handler runs", async () => {
  const receiver = new ScriptedReceiver();
  receiver.put("a");
  start(receiver, { handler: () => sleep(500).then(succeed), visibilitySeconds: 0.3 });
  await vi.waitFor(() => expect(receiver.deleted).toHaveLength(1));
  expect(receiver.visibility.length).toBeGreaterThanOrEqual(3);
  expect(receiver.visibility[0]).toEqual(["handle-a", 0.3]);
});

test("no more handlers run at a time than allowed", async () => {
  const receiver = new ScriptedReceiver();
  receiver.put(...Array.from({ length: 12 }, (_, i) => `m${i}`));
  let running = 0;
  let most = 0;
  const handler = async () => {
    most = Math.max(most, ++running);
    await sleep(5);
    running--;
    return succeed();
  };
  start(receiver, { batchSize: 1, concurrency: 3, handler });
  await vi.waitFor(() => expect(receiver.deleted).toHaveLength(12));
  expect(most).toBe(3);
});

test("stop waits for handlers, gives back what a last poll brought, and polls no more", async () => {
  const receiver = new ScriptedReceiver();
  const source = start(receiver, {});
  await vi.waitFor(() => expect(receiver.polls.length).toBeGreaterThan(0));
  const stopped = source.stop();
  receiver.put("late");
  await stopped;
  expect(receiver.deleted).toEqual([]);
  expect([
    ...receiver.visibility,
    ...receiver.waiting.map(({ messageId }) => messageId),
  ]).toHaveLength(1);
  const polls = receiver.polls.length;
  await sleep(50);
  expect(receiver.polls).toHaveLength(polls);
});
