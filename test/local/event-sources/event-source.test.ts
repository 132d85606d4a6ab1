import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { expect, test } from "vitest";

import {
  type EventSource,
  type EventSourceOptions,
  startEventSource,
} from "../../../local/event-sources/event-source.ts";
import type { ReceiveOptions } from "../../../lib/queue/message-queue.ts";
import { promised } from "../../support/promised.ts";
import { ScriptedQueue } from "../../support/scripted-queue.ts";

const succeed = (): Promise<SQSBatchResponse> => Promise.resolve({ batchItemFailures: [] });

function start(receiver: ScriptedQueue, options: Partial<EventSourceOptions>): EventSource {
  return startEventSource({
    receiver,
    queueArn: "arn:aws:sqs:eu-west-1:000000000000:q",
    handler: succeed,
    batching: () => ({ batchSize: 10, windowMs: 0 }),
    concurrency: 1,
    visibilitySeconds: 30,
    retrySeconds: () => 3,
    onError: () => undefined,
    ...options,
  });
}

/** Serves messages of these bodies, and stops when there are no more. */
async function serve(
  bodies: readonly string[],
  options: Partial<EventSourceOptions>,
): Promise<ScriptedQueue> {
  const attributes = { SentTimestamp: "1", MessageGroupId: "g" };
  const [empty, isEmpty] = promised();
  const queue = new ScriptedQueue(bodies, isEmpty, { receiveCount: 2, attributes });
  const source = start(queue, options);
  await empty;
  await source.stop();
  return queue;
}

test("a message becomes a Lambda record", async () => {
  const events: SQSEvent[] = [];
  const queue = await serve(["body of a"], {
    handler: (event) => {
      events.push(event);
      return succeed();
    },
  });
  expect(queue.deleted).toEqual(["h1"]);
  expect(events).toHaveLength(1);
  expect(events[0]?.Records).toEqual([
    {
      messageId: "m1",
      receiptHandle: "h1",
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

test("what the handler names as failed is given back for later, the rest is deleted", async () => {
  const queue = await serve(["a", "b", "c"], {
    handler: () => Promise.resolve({ batchItemFailures: [{ itemIdentifier: "m2" }] }),
  });
  expect(queue.deleted).toEqual(["h1", "h3"]);
  expect(queue.visibility).toEqual([{ handles: ["h2"], seconds: 3 }]);
});

test("no more handlers run at a time than allowed, and no fewer", async () => {
  let running = 0;
  let most = 0;
  const [allRun, open] = promised();
  const handler = async () => {
    most = Math.max(most, ++running);
    if (running === 3) open();
    await allRun;
    running--;
    return succeed();
  };
  const bodies = Array.from({ length: 12 }, () => "body");
  const batching = () => ({ batchSize: 1, windowMs: 0 });
  const queue = await serve(bodies, { batching, concurrency: 3, handler });
  expect(queue.deleted).toHaveLength(12);
  expect(most).toBe(3);
});

test("a queue without messages is polled once at a time, for as long as a poll may take", async () => {
  const [ended, end] = promised();
  class EmptyQueue extends ScriptedQueue {
    override async receive(options: ReceiveOptions) {
      const messages = await super.receive(options);
      await ended;
      return messages;
    }
  }
  const queue = new EmptyQueue([], () => undefined);
  const source = start(queue, { concurrency: 4 });
  await new Promise(setImmediate);
  expect(queue.received.map(({ waitSeconds }) => waitSeconds)).toEqual([20]);
  const stopped = source.stop();
  end();
  await stopped;
  expect(queue.received).toHaveLength(1);
});

test("stop waits for the handlers at work", async () => {
  const queue = new ScriptedQueue(["body"], () => undefined);
  const order: string[] = [];
  let stopped: Promise<void> | undefined;
  const [stopping, end] = promised();
  const stop = async (source: EventSource) => {
    await source.stop();
    order.push("stopped");
  };
  const source = start(queue, {
    handler: async () => {
      stopped = stop(source);
      end();
      await new Promise(setImmediate);
      order.push("handled");
      return succeed();
    },
  });
  await stopping;
  await stopped;
  expect(order).toEqual(["handled", "stopped"]);
  expect(queue.deleted).toEqual(["h1"]);
  expect(queue.received, "no poll after the stop").toHaveLength(1);
});
