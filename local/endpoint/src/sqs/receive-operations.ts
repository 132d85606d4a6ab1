import * as z from "zod";

import { ACCOUNT_ID } from "../account.ts";
import { AwsError } from "../aws-error.ts";
import { MAX_RECEIVE_MESSAGES, MAX_VISIBILITY_S, MAX_WAIT_S } from "../limits.ts";
import { batchOperation } from "./batch.ts";
import { decodeReceipt, encodeReceipt, type Receipt } from "./message.ts";
import { attributesMd5, chooseAttributes } from "./message-attributes.ts";
import type { Queue } from "./queue.ts";
import { numberAttribute } from "./queue-settings.ts";
import type { Delivery } from "./queue-types.ts";
import { bodyMd5 } from "./send-operations.ts";
import { chooseTexts, queueOperation } from "./sqs-operation.ts";

const visibility = z.int().min(0).max(MAX_VISIBILITY_S);

const receiveInput = z.object({
  MaxNumberOfMessages: z.int().min(1).max(MAX_RECEIVE_MESSAGES).default(1),
  VisibilityTimeout: visibility.optional(),
  WaitTimeSeconds: z.int().min(0).max(MAX_WAIT_S).optional(),
  /** The older name of the next one. */
  AttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
});
type ReceiveInput = z.output<typeof receiveInput>;

const receiptInput = z.object({ ReceiptHandle: z.string() });
const visibilityInput = receiptInput.extend({ VisibilityTimeout: visibility });

export const receiveOperations = {
  /** Answers at once if there are messages, else when the first comes or the wait is over. */
  ReceiveMessage: queueOperation(receiveInput, async (queue, input, { clock }, disconnected) => {
    const { attributes, arrivals } = queue;
    const visibilitySeconds =
      input.VisibilityTimeout ?? numberAttribute(attributes, "VisibilityTimeout");
    const waitSeconds =
      input.WaitTimeSeconds ?? numberAttribute(attributes, "ReceiveMessageWaitTimeSeconds");
    const deadlineMs = clock.now() + 1000 * waitSeconds;
    // a client that has disconnected must not take messages
    while (!disconnected.aborted && !arrivals.isClosed) {
      const deliveries = queue.receive(input.MaxNumberOfMessages, visibilitySeconds);
      if (deliveries.length > 0) {
        return { Messages: deliveries.map((delivery) => describe(queue, delivery, input)) };
      }
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0) break;
      await arrivals.next(leftMs, disconnected);
    }
    return {};
  }),

  DeleteMessage: queueOperation(receiptInput, deleteOne),
  DeleteMessageBatch: batchOperation(receiptInput, deleteOne),
  ChangeMessageVisibility: queueOperation(visibilityInput, changeOne),
  ChangeMessageVisibilityBatch: batchOperation(visibilityInput, changeOne),
};

function describe({ name }: Queue, { message, receipt }: Delivery, input: ReceiveInput): object {
  const system = {
    SenderId: ACCOUNT_ID,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(message.receiveCount + message.earlierReceiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs ?? message.sentMs),
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const systemNames = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
  const chosen = chooseAttributes(message.attributes, input.MessageAttributeNames);
  return {
    MessageId: message.id,
    ReceiptHandle: encodeReceipt(name, receipt),
    Body: message.body,
    MD5OfBody: bodyMd5(message),
    Attributes: chooseTexts(system, systemNames),
    MessageAttributes: Object.keys(chosen).length === 0 ? undefined : chosen,
    MD5OfMessageAttributes: attributesMd5(chosen),
  };
}

function deleteOne(queue: Queue, { ReceiptHandle }: z.output<typeof receiptInput>): object {
  queue.delete(receiptOf(queue, ReceiptHandle));
  return {};
}

function changeOne(
  queue: Queue,
  { ReceiptHandle, VisibilityTimeout }: z.output<typeof visibilityInput>,
): object {
  queue.changeVisibility(receiptOf(queue, ReceiptHandle), VisibilityTimeout);
  return {};
}

/** @throws AwsError ReceiptHandleIsInvalid */
function receiptOf({ name }: Queue, handle: string): Receipt {
  const receipt = decodeReceipt(name, handle);
  if (receipt !== null) return receipt;
  throw new AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
}
