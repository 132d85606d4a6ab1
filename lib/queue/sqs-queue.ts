import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";

import type {
  MessageReceiver,
  MessageSender,
  OutgoingMessage,
  ReceivedMessage,
  ReceiveOptions,
} from "./message-queue.ts";
import { type FailedEntry, sendBatches } from "./send-batches.ts";

/** One SQS standard queue. */
export class SqsQueue implements MessageSender, MessageReceiver {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async sendAll(messages: Iterable<OutgoingMessage>): Promise<void> {
    await sendBatches(messages, async (batch) => {
      const Entries = batch.map(({ body, groupId, delaySeconds }, i) => ({
        Id: String(i),
        MessageBody: body,
        ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
        ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
      }));
      const { Failed } = await this.#client.send(
        new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      return failedEntries(batch, Failed);
    });
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const { maxMessages, waitSeconds, visibilitySeconds } = options;
    const { Messages } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#queueUrl,
        MaxNumberOfMessages: maxMessages,
        WaitTimeSeconds: waitSeconds,
        ...(visibilitySeconds === undefined ? {} : { VisibilityTimeout: visibilitySeconds }),
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

  async deleteAll(receiptHandles: readonly string[]): Promise<void> {
    await sendBatches(receiptHandles, async (batch) => {
      const Entries = batch.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
      const { Failed } = await this.#client.send(
        new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      return failedEntries(batch, Failed);
    });
  }

  async changeVisibility(receiptHandles: readonly string[], seconds: number): Promise<void> {
    await sendBatches(receiptHandles, async (batch) => {
      const Entries = batch.map((ReceiptHandle, i) => ({
        Id: String(i),
        ReceiptHandle,
        VisibilityTimeout: seconds,
      }));
      const { Failed } = await this.#client.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      return failedEntries(batch, Failed);
    });
  }
}

/** Entries were numbered by their place in the batch. */
function failedEntries<T>(
  batch: readonly T[],
  failed: readonly BatchResultErrorEntry[] | undefined,
): FailedEntry<T>[] {
  return (failed ?? []).flatMap(({ Id, Code, Message, SenderFault }) => {
    const item = batch[Number(Id)];
    const reason = [Code, Message].filter(Boolean).join(": ");
    return item === undefined ? [] : [{ item, reason, isSendersFault: SenderFault === true }];
  });
}
