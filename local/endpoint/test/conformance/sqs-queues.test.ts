import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";

import { expectFailure, newName, targetOfFile } from "../support/target.ts";

const { sqs, newQueue } = await targetOfFile();

async function attributesOf(QueueUrl: string): Promise<Record<string, string>> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
  return (await sqs.send(command)).Attributes ?? {};
}

const create = (QueueName: string, Attributes: Record<string, string>) =>
  sqs.send(new CreateQueueCommand({ QueueName, Attributes }));

describe.concurrent("queues", () => {
  test("are found by name", async () => {
    const { name, url } = await newQueue();
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    expect(QueueUrl).toBe(url);
  });

  test("that do not exist are QueueDoesNotExist", async () => {
    const QueueName = newName("queue");
    await expectFailure(sqs.send(new GetQueueUrlCommand({ QueueName })), 400, "QueueDoesNotExist");
    const { url, name } = await newQueue();
    const QueueUrl = url.replace(name, QueueName);
    const call = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
    await expectFailure(call, 400, "QueueDoesNotExist");
  });

  test("have the attributes of SQS by default", async () => {
    const { url, arn } = await newQueue();
    expect(await attributesOf(url)).toMatchObject({
      QueueArn: arn,
      VisibilityTimeout: "30",
      DelaySeconds: "0",
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      ReceiveMessageWaitTimeSeconds: "0",
      ApproximateNumberOfMessages: "0",
    });
  });

  test("have the attributes they were created with, and change them", async () => {
    const { url } = await newQueue({ VisibilityTimeout: "7", DelaySeconds: "3" });
    expect(await attributesOf(url)).toMatchObject({ VisibilityTimeout: "7", DelaySeconds: "3" });
    const Attributes = { VisibilityTimeout: "11" };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    expect(await attributesOf(url)).toMatchObject({ VisibilityTimeout: "11", DelaySeconds: "3" });
  });

  test("give only the attributes asked for", async () => {
    const { url } = await newQueue();
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ["VisibilityTimeout"],
    });
    expect((await sqs.send(command)).Attributes).toEqual({ VisibilityTimeout: "30" });
  });

  test("can be created again with the same attributes, not with others", async () => {
    const { name, url } = await newQueue({ VisibilityTimeout: "7" });
    expect((await create(name, { VisibilityTimeout: "7" })).QueueUrl).toBe(url);
    await expectFailure(create(name, { VisibilityTimeout: "8" }), 400, "QueueNameExists");
  });

  test("are listed by prefix, in pages", async () => {
    const prefix = newName("list");
    for (const end of ["a", "b", "c"]) {
      await sqs.send(new CreateQueueCommand({ QueueName: `${prefix}-${end}` }));
    }
    const list = (more: object) =>
      sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix, ...more }));
    expect((await list({})).QueueUrls).toHaveLength(3);
    const first = await list({ MaxResults: 2 });
    const rest = await list({ MaxResults: 2, NextToken: first.NextToken });
    const names = [...(first.QueueUrls ?? []), ...(rest.QueueUrls ?? [])].map((url) =>
      url.replace(/.*\//, ""),
    );
    expect(names.toSorted()).toEqual(["a", "b", "c"].map((end) => `${prefix}-${end}`));
    expect(rest.NextToken).toBeUndefined();
  });

  test("are gone after they were deleted", async () => {
    const { url, name } = await newQueue();
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    const call = sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    await expectFailure(call, 400, "QueueDoesNotExist");
  });

  test("can be purged, messages in flight included, but not twice in a minute", async () => {
    const { url } = await newQueue({ VisibilityTimeout: "0" });
    const Entries = ["1", "2", "3"].map((Id) => ({ Id, MessageBody: Id }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, VisibilityTimeout: 30 }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(Messages ?? []).toEqual([]);
    expect(await attributesOf(url)).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
    const again = sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    await expectFailure(again, 403, "PurgeQueueInProgress");
  });

  test.each<[string, Record<string, string>]>([
    ["InvalidAttributeValue", { VisibilityTimeout: "43201" }],
    ["InvalidAttributeValue", { DelaySeconds: "-1" }],
    ["InvalidAttributeValue", { MaximumMessageSize: "1048577" }],
    ["InvalidAttributeValue", { RedrivePolicy: "{}" }],
    ["InvalidAttributeName", { NoSuchAttribute: "1" }],
  ])("cannot have %s: %j", async (code, Attributes) => {
    const call = create(newName("queue"), Attributes);
    await expectFailure(call, 400, code);
  });

  test("cannot have a name with other characters", async () => {
    const call = sqs.send(new CreateQueueCommand({ QueueName: "not/a.name" }));
    await expectFailure(call, 400, "InvalidParameterValue");
  });
});

/** Features that SQS has and this project must not rely on. Other endpoints may have them. */
describe.skipIf(process.env["DREAMGRID_CONFORMANCE_ENDPOINT"] !== undefined)(
  "what is not implemented answers 501",
  () => {
    test("for tags", async () => {
      const { url } = await newQueue();
      const tag = sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: { a: "b" } }));
      await expectFailure(tag, 501, "UnsupportedOperation");
      const list = sqs.send(new ListQueueTagsCommand({ QueueUrl: url }));
      await expectFailure(list, 501, "UnsupportedOperation");
    });

    test("for FIFO queues and encryption keys", async () => {
      const fifo = create(`${newName("queue")}.fifo`, { FifoQueue: "true" });
      await expectFailure(fifo, 501, "UnsupportedOperation");
      const encrypted = create(newName("queue"), { KmsMasterKeyId: "alias/aws/sqs" });
      await expectFailure(encrypted, 501, "UnsupportedOperation");
    });
  },
);
