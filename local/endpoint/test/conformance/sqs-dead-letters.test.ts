import {
  ListDeadLetterSourceQueuesCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";

import { queueClient } from "../support/queue-client.ts";
import { targetOfFile, type TestQueue } from "../support/target.ts";

const { sqs, newQueue, pass } = await targetOfFile();

const { send, receive, remove, counts } = queueClient(sqs);

async function withDeadLetters(
  maxReceiveCount: number,
  more: Readonly<Record<string, string>> = {},
) {
  const dead = await newQueue();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
  return { dead, queue: await newQueue({ RedrivePolicy, ...more }) };
}

const batch = ({ url }: TestQueue, group: string | undefined, size: number) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: url,
      Entries: Array.from({ length: size }, (_, i) => ({
        Id: `${i}`,
        MessageBody: `${group} ${i}`,
        MessageGroupId: group,
      })),
    }),
  );

// one after the other: they share the endpoint's clock

describe("dead letters", () => {
  test("are moved after the maximal number of receives, with all they carry", async () => {
    const { queue, dead } = await withDeadLetters(2, { VisibilityTimeout: "0" });
    const MessageAttributes = { a: { DataType: "String", StringValue: "1" } };
    const { MessageId } = await send(queue, "poison", { MessageAttributes });
    expect(await receive(queue)).toHaveLength(1);
    expect(await receive(queue, { WaitTimeSeconds: 1 })).toHaveLength(1);
    expect(await receive(queue)).toEqual([]);
    const [letter] = await receive(dead, { WaitTimeSeconds: 5, MessageAttributeNames: ["All"] });
    expect(letter).toMatchObject({ MessageId, Body: "poison", MessageAttributes });
    expect(letter?.Attributes?.DeadLetterQueueSourceArn).toBe(queue.arn);
    expect(await counts(queue)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test("do not include messages that were deleted in time", async () => {
    const { queue, dead } = await withDeadLetters(1, { VisibilityTimeout: "1" });
    await send(queue, "good");
    await send(queue, "bad");
    const messages = await receive(queue);
    await remove(
      queue,
      messages.find(({ Body }) => Body === "good"),
    );
    await pass(1_200);
    expect(await receive(queue)).toEqual([]);
    const letters = await receive(dead, { WaitTimeSeconds: 3 });
    expect(letters.map(({ Body }) => Body)).toEqual(["bad"]);
  });

  test("know which queues they come from", async () => {
    const { queue, dead } = await withDeadLetters(3);
    const list = new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.url });
    expect((await sqs.send(list)).queueUrls).toEqual([queue.url]);
    const Attributes = { RedrivePolicy: "" };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes }));
    expect((await sqs.send(list)).queueUrls ?? []).toEqual([]);
  });

  test("can be sent back", async () => {
    const { queue, dead } = await withDeadLetters(1, { VisibilityTimeout: "0" });
    await send(queue, "second chance");
    await receive(queue);
    expect(await receive(queue)).toEqual([]);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn }));
    const [message] = await receive(queue, { WaitTimeSeconds: 5 });
    expect(message?.Body).toBe("second chance");
    expect(message?.Attributes?.ApproximateReceiveCount).toBe("1");
  });
});

describe.concurrent("fairness", () => {
  test("a small group is served before a large one is done", async () => {
    const queue = await newQueue();
    for (let i = 0; i < 30; i++) await batch(queue, "large", 10);
    await batch(queue, "small", 6);
    const served: string[] = [];
    // the large job's messages stay in flight, as with slow workers
    for (let i = 0; i < 4; i++) {
      for (const { Body = "" } of await receive(queue)) served.push(Body.split(" ")[0] ?? "");
    }
    expect(served.filter((group) => group === "small")).toHaveLength(6);
  });

  test("nothing is lost or served twice", async () => {
    const queue = await newQueue();
    const groups = ["a", "b", "c", undefined];
    for (const group of groups) for (let i = 0; i < 3; i++) await batch(queue, group, 10);
    const ids: (string | undefined)[] = [];
    for (
      let messages = await receive(queue);
      messages.length > 0;
      messages = await receive(queue)
    ) {
      ids.push(...messages.map(({ MessageId }) => MessageId));
    }
    expect(ids).toHaveLength(120);
    expect(new Set(ids).size).toBe(120);
  });
});
