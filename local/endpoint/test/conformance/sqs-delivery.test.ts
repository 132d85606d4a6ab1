import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, describe, expect, test } from "vitest";

import { queueClient } from "../support/queue-client.ts";
import { expectFailure, openTarget, sleep, type TestQueue } from "../support/target.ts";

const target = await openTarget();
const { sqs, newQueue } = target;
afterAll(target.close);

const { send, receive, remove, counts } = queueClient(sqs);

const setVisibility = (
  { url }: TestQueue,
  message: Message | undefined,
  VisibilityTimeout: number,
) =>
  sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout,
    }),
  );

async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await work;
  return { value, ms: performance.now() - start };
}

describe.concurrent("visibility", () => {
  test("hides a received message from others, then shows it again", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    expect(await receive(queue)).toHaveLength(1);
    expect(await receive(queue)).toEqual([]);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
    const again = await timed(receive(queue, { WaitTimeSeconds: 5 }));
    expect(again.value.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(["2"]);
    expect(again.ms).toBeGreaterThan(600);
    expect(again.ms).toBeLessThan(2500);
  });

  test("can be chosen at the receive", async () => {
    const queue = await newQueue({ VisibilityTimeout: "30" });
    await send(queue, "x");
    await receive(queue, { VisibilityTimeout: 1 });
    expect(await receive(queue, { WaitTimeSeconds: 5 })).toHaveLength(1);
  });

  test("can be given up, so that another consumer has the message at once", async () => {
    const queue = await newQueue({ VisibilityTimeout: "30" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await setVisibility(queue, message, 0);
    expect(await receive(queue)).toHaveLength(1);
  });

  test("can be prolonged", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await setVisibility(queue, message, 30);
    await sleep(1500);
    expect(await receive(queue)).toEqual([]);
  });

  test("cannot be changed when it is over", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await sleep(1300);
    await expectFailure(setVisibility(queue, message, 30), 400, "MessageNotInflight");
    expect(await receive(queue)).toHaveLength(1);
  });

  test("that is over does not keep the consumer from deleting", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await sleep(1300);
    await remove(queue, message);
    expect(await receive(queue)).toEqual([]);
  });

  test("makes an old receipt handle worthless once another consumer has the message", async () => {
    const queue = await newQueue({ VisibilityTimeout: "0" });
    await send(queue, "x");
    const [old] = await receive(queue);
    await receive(queue, { VisibilityTimeout: 30 });
    await remove(queue, old);
    expect(await counts(queue)).toMatchObject({ inFlight: 1 });
  });
});

describe.concurrent("long polls", () => {
  test("end as soon as a message comes", async () => {
    const queue = await newQueue();
    const poll = timed(receive(queue, { WaitTimeSeconds: 10 }));
    await sleep(300);
    await send(queue, "x");
    const { value, ms } = await poll;
    expect(value.map(({ Body }) => Body)).toEqual(["x"]);
    expect(ms).toBeLessThan(2000);
  });

  test("end empty when their time is over, and not before", async () => {
    const queue = await newQueue();
    const { value, ms } = await timed(receive(queue, { WaitTimeSeconds: 1 }));
    expect(value).toEqual([]);
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(2500);
  });

  test("can be the queue's habit", async () => {
    const queue = await newQueue({ ReceiveMessageWaitTimeSeconds: "5" });
    const poll = receive(queue);
    await sleep(200);
    await send(queue, "x");
    expect(await poll).toHaveLength(1);
  });

  test("of several consumers share the messages", async () => {
    const queue = await newQueue();
    const polls = [1, 2, 3].map(() =>
      receive(queue, { WaitTimeSeconds: 3, MaxNumberOfMessages: 1 }),
    );
    await sleep(200);
    await Promise.all(["a", "b", "c"].map((body) => send(queue, body)));
    const bodies = (await Promise.all(polls)).flat().map(({ Body = "" }) => Body);
    expect(bodies.toSorted()).toEqual(["a", "b", "c"]);
  });

  test("that were abandoned do not swallow a message", async () => {
    const queue = await newQueue();
    const abandon = new AbortController();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 10 }), {
      abortSignal: abandon.signal,
    });
    setTimeout(() => abandon.abort(), 200);
    await expect(poll).rejects.toMatchObject({ name: "AbortError" });
    await sleep(100);
    await send(queue, "x");
    expect(await receive(queue, { WaitTimeSeconds: 1 })).toHaveLength(1);
  });
});

describe.concurrent("delays", () => {
  test("of a message", async () => {
    const queue = await newQueue();
    await send(queue, "later", { DelaySeconds: 1 });
    await send(queue, "now");
    expect((await receive(queue)).map(({ Body }) => Body)).toEqual(["now"]);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 1, delayed: 1 });
    const { value, ms } = await timed(receive(queue, { WaitTimeSeconds: 5 }));
    expect(value.map(({ Body }) => Body)).toEqual(["later"]);
    expect(ms).toBeLessThan(2500);
  });

  test("of a queue, which a message can override", async () => {
    const queue = await newQueue({ DelaySeconds: "1" });
    await send(queue, "later");
    await send(queue, "now", { DelaySeconds: 0 });
    expect((await receive(queue)).map(({ Body }) => Body)).toEqual(["now"]);
    expect(await receive(queue, { WaitTimeSeconds: 5 })).toHaveLength(1);
  });
});
