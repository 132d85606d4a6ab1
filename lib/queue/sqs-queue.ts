import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";

import type {
  MessageReceiver,
  MessageSender,
  OutgoingMessage,
  QueueDepth,
  ReceivedMessage,
  ReceiveOptions,
} from "./message-queue.ts";
import { sendBatches } from "./send-batches.ts";

/** One SQS standard queue. */
export class SqsQueue implements MessageSender, MessageReceiver {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async sendAll(messages: Iterable<OutgoingMessage>): Promise<void> {
    const entryOf = ({ body, groupId, delaySeconds }: OutgoingMessage) => ({
      MessageBody: body,
      MessageGroupId: groupId,
      DelaySeconds: delaySeconds,
    });
    await this.#sendEntries(messages, entryOf, (input) =>
      this.#client.send(new SendMessageBatchCommand(input)),
    );
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const { maxMessages, waitSeconds, visibilitySeconds } = options;
    const { Messages } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#queueUrl,
        MaxNumberOfMessages: maxMessages,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageSystemAttributeNames: ["All"],
      }),
    );
    return (Messages ?? []).map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
      messageId: MessageId ?? "",
      receiptHandle: ReceiptHandle ?? "",
      body: Body ?? "",
      receiveCount: Number(Attributes?.["ApproximateReceiveCount"] ?? 1),
      attributes: { ...Attributes },
    }));
  }

  /** Up to a minute ago. */
  async depth(): Promise<QueueDepth> {
    const { Attributes } = await this.#client.send(
      new GetQueueAttributesCommand({
        QueueUrl: this.#queueUrl,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    );
    return {
      waiting: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
      held: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
    };
  }

  async deleteAll(receiptHandles: readonly string[]): Promise<void> {
    const entryOf = (ReceiptHandle: string) => ({ ReceiptHandle });
    await this.#sendEntries(receiptHandles, entryOf, (input) =>
      this.#client.send(new DeleteMessageBatchCommand(input)),
    );
  }

  async changeVisibility(receiptHandles: readonly string[], seconds: number): Promise<void> {
    const entryOf = (ReceiptHandle: string) => ({ ReceiptHandle, VisibilityTimeout: seconds });
    await this.#sendEntries(receiptHandles, entryOf, (input) =>
      this.#client.send(new ChangeMessageVisibilityBatchCommand(input)),
    );
  }

  /** Sends items in batches, where an entry's id is its place in the batch. */
  async #sendEntries<T, Entry>(
    items: Iterable<T>,
    entryOf: (item: T) => Entry,
    send: (input: {
      QueueUrl: string;
      Entries: (Entry & { Id: string })[];
    }) => Promise<{ readonly Failed?: readonly BatchResultErrorEntry[] | undefined }>,
  ): Promise<void> {
    await sendBatches(items, async (batch) => {
      const Entries = batch.map((item, i) => ({ ...entryOf(item), Id: String(i) }));
      const { Failed = [] } = await send({ QueueUrl: this.#queueUrl, Entries });
      return Failed.flatMap(({ Id, Code, Message, SenderFault }) => {
        const item = batch[Number(Id)];
        const reason = [Code, Message].filter(Boolean).join(": ");
        return item === undefined ? [] : [{ item, reason, isSendersFault: SenderFault === true }];
      });
    });
  }
}
