import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";

import { queueClient } from "../support/queue-client.ts";
import { expectFailure, targetOfFile, type TestQueue } from "../support/target.ts";

const { sqs, newQueue, pass, startPoll } = await targetOfFile();

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

const bodiesOf = (messages: readonly Message[]) => messages.map(({ Body = "" }) => Body);

// one after the other: they share the endpoint's clock

describe("visibility", () => {
  test("hides a received message from others, then shows it again", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    expect(await receive(queue)).toHaveLength(1);
    expect(await receive(queue)).toEqual([]);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
    const { answer } = await startPoll(() => receive(queue, { WaitTimeSeconds: 5 }));
    await pass(1_000);
    const again = await answer;
    expect(again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(["2"]);
  });

  test("can be chosen at the receive", async () => {
    const queue = await newQueue({ VisibilityTimeout: "30" });
    await send(queue, "x");
    await receive(queue, { VisibilityTimeout: 1 });
    await pass(1_000);
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
    await pass(1_500);
    expect(await receive(queue)).toEqual([]);
  });

  test("cannot be changed when it is over", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await pass(1_300);
    await expectFailure(setVisibility(queue, message, 30), 400, "MessageNotInflight");
    expect(await receive(queue)).toHaveLength(1);
  });

  test("that is over does not keep the consumer from deleting", async () => {
    const queue = await newQueue({ VisibilityTimeout: "1" });
    await send(queue, "x");
    const [message] = await receive(queue);
    await pass(1_300);
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

describe("long polls", () => {
  test("end as soon as a message comes", async () => {
    const queue = await newQueue();
    const { answer } = await startPoll(() => receive(queue, { WaitTimeSeconds: 10 }));
    await send(queue, "x");
    expect(bodiesOf(await answer)).toEqual(["x"]);
  });

  test("end empty when their time is over, and not before", async () => {
    const queue = await newQueue();
    const { answer } = await startPoll(() => receive(queue, { WaitTimeSeconds: 3 }));
    let isOver = false;
    void answer.finally(() => {
      isOver = true;
    });
    await pass(2_000);
    await counts(queue);
    expect(isOver).toBe(false);
    await pass(1_000);
    expect(await answer).toEqual([]);
  });

  test("can be the queue's habit", async () => {
    const queue = await newQueue({ ReceiveMessageWaitTimeSeconds: "5" });
    const { answer } = await startPoll(() => receive(queue));
    await send(queue, "x");
    expect(await answer).toHaveLength(1);
  });

  test("of several consumers share the messages", async () => {
    const queue = await newQueue();
    const poll = () => receive(queue, { WaitTimeSeconds: 3, MaxNumberOfMessages: 1 });
    const polls = [await startPoll(poll), await startPoll(poll), await startPoll(poll)];
    await Promise.all(["a", "b", "c"].map((body) => send(queue, body)));
    const bodies = bodiesOf((await Promise.all(polls.map(({ answer }) => answer))).flat());
    expect(bodies.toSorted()).toEqual(["a", "b", "c"]);
  });

  test("that were abandoned do not swallow a message", async () => {
    const queue = await newQueue();
    const abandon = new AbortController();
    const command = new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 10 });
    const { answer } = await startPoll(() => sqs.send(command, { abortSignal: abandon.signal }));
    abandon.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    // what comes later on another connection finds the endpoint aware of the client's going
    for (let i = 0; i < 3; i++) await counts(queue);
    await send(queue, "x");
    expect(await receive(queue)).toHaveLength(1);
  });
});

describe("delays", () => {
  test("of a message", async () => {
    const queue = await newQueue();
    await send(queue, "later", { DelaySeconds: 1 });
    await send(queue, "now");
    expect(bodiesOf(await receive(queue))).toEqual(["now"]);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 1, delayed: 1 });
    const { answer } = await startPoll(() => receive(queue, { WaitTimeSeconds: 5 }));
    await pass(1_000);
    expect(bodiesOf(await answer)).toEqual(["later"]);
  });

  test("of a queue, which a message can override", async () => {
    const queue = await newQueue({ DelaySeconds: "1" });
    await send(queue, "later");
    await send(queue, "now", { DelaySeconds: 0 });
    expect(bodiesOf(await receive(queue))).toEqual(["now"]);
    await pass(1_000);
    expect(bodiesOf(await receive(queue, { WaitTimeSeconds: 5 }))).toEqual(["later"]);
  });
});
