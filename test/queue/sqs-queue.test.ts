import { startEndpoint } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test } from "vitest";

import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { localConnection } from "../../local/resources.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";

async function openQueue() {
  const dataFolder = await temporaryFolder();
  const endpoint = await startEndpoint({ dataFolder, queues: [{ name: "q" }] });
  onTestFinished(() => endpoint.close());
  const client = createSqsClient(localConnection(endpoint.url));
  return { queue: new SqsQueue(client, endpoint.queueUrl("q")), endpoint, client };
}

const NOW = { maxMessages: 10, waitSeconds: 0 };

test("messages arrive with body, group and count, and are gone once deleted", async () => {
  const { queue, endpoint } = await openQueue();
  await queue.sendAll(Array.from({ length: 23 }, (_, i) => ({ body: `b${i}`, groupId: "job-1" })));
  const received = [];
  for (let batch = await queue.receive(NOW); batch.length > 0; batch = await queue.receive(NOW)) {
    received.push(...batch);
  }
  const bodies = received.map(({ body }) => body).toSorted((a, b) => a.localeCompare(b));
  expect(new Set(bodies).size).toBe(23);
  expect(received.every(({ receiveCount }) => receiveCount === 1)).toBe(true);
  expect(received[0]?.attributes["MessageGroupId"]).toBe("job-1");
  await queue.deleteAll(received.map(({ receiptHandle }) => receiptHandle));
  expect(endpoint.queueCounters("q")).toMatchObject({ deleted: 23, visible: 0, inFlight: 0 });
});

test("the depth counts what waits and what is held, and nothing that is gone", async () => {
  const { queue } = await openQueue();
  expect(await queue.depth()).toEqual({ waiting: 0, held: 0 });
  await queue.sendAll(Array.from({ length: 7 }, (_, i) => ({ body: `b${i}` })));
  const [first] = await queue.receive({ ...NOW, maxMessages: 3 });
  expect(await queue.depth()).toEqual({ waiting: 4, held: 3 });
  await queue.deleteAll([first!.receiptHandle]);
  expect(await queue.depth()).toEqual({ waiting: 4, held: 2 });
});

test("a message that is given back comes again, counted", async () => {
  const { queue } = await openQueue();
  await queue.sendAll([{ body: "x" }]);
  const [first] = await queue.receive({ ...NOW, visibilitySeconds: 600 });
  expect(await queue.receive(NOW)).toEqual([]);
  await queue.changeVisibility([first!.receiptHandle], 0);
  const [second] = await queue.receive(NOW);
  expect(second).toMatchObject({ messageId: first!.messageId, receiveCount: 2 });
});

test("a delayed message is not there before its time", async () => {
  const { queue, endpoint } = await openQueue();
  await queue.sendAll([{ body: "later", delaySeconds: 900 }]);
  expect(await queue.receive(NOW)).toEqual([]);
  expect(endpoint.queueCounters("q").waiting).toBe(1);
});

test("an entry that the queue refuses is an error that says why", async () => {
  const { queue } = await openQueue();
  await expect(queue.sendAll([{ body: "x", delaySeconds: 901 }])).rejects.toThrow(
    /^1 of 1 entries of a batch failed after 1 attempts: InvalidParameterValue: .*DelaySeconds/,
  );
});

test("what SQS does not answer within a minute, three polls, is not waited for any longer", async () => {
  const { queue, client } = await openQueue();
  await queue.depth();
  const config = { connectionTimeout: 30_000, socketTimeout: 60_000 };
  expect(client.config.requestHandler).toMatchObject({ config });
});
