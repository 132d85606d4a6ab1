import { z } from "zod";

import { MAX_RECEIVE_MESSAGES, MAX_VISIBILITY_S, MAX_WAIT_S } from "../limits.ts";
import { checkEntries, runBatch } from "./batch.ts";
import { decodeReceipt, encodeReceipt, type Receipt } from "./message.ts";
import { attributesMd5, chooseAttributes } from "./message-attributes.ts";
import type { Queue } from "./queue.ts";
import { numberAttribute } from "./queue-settings.ts";
import type { Delivery } from "./queue-types.ts";
import { bodyMd5 } from "./send-operations.ts";
import { sqsError } from "./sqs-error.ts";
import {
  operation,
  parseInput,
  queueInput,
  queueName,
  queueOf,
  type SqsContext,
} from "./sqs-operation.ts";

const visibility = z.int().min(0).max(MAX_VISIBILITY_S);

const receiveInput = queueInput.extend({
  MaxNumberOfMessages: z.int().min(1).max(MAX_RECEIVE_MESSAGES).default(1),
  VisibilityTimeout: visibility.optional(),
  WaitTimeSeconds: z.int().min(0).max(MAX_WAIT_S).optional(),
  /** The older name of the next one. */
  AttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
});

/** Answers at once if there are messages, else when the first comes or the wait is over. */
export const receiveMessage = operation(receiveInput, async (context, input, disconnected) => {
  const queue = queueOf(context, input);
  const { attributes } = queue;
  const visibilitySeconds =
    input.VisibilityTimeout ?? numberAttribute(attributes, "VisibilityTimeout");
  const waitSeconds =
    input.WaitTimeSeconds ?? numberAttribute(attributes, "ReceiveMessageWaitTimeSeconds");
  const deadlineMs = context.clock.now() + 1000 * waitSeconds;
  // a consumer that has gone must not swallow messages
  while (!disconnected.aborted && !queue.arrivals.isClosed) {
    const deliveries = queue.receive(input.MaxNumberOfMessages, visibilitySeconds);
    if (deliveries.length > 0) {
      const name = queueName(context.accountId, input.QueueUrl);
      return { Messages: deliveries.map((delivery) => describe(context, name, delivery, input)) };
    }
    const leftMs = deadlineMs - context.clock.now();
    if (leftMs <= 0) break;
    await queue.arrivals.next(leftMs, disconnected);
  }
  return {};
});

function describe(
  { accountId }: SqsContext,
  name: string,
  { message, receipt }: Delivery,
  input: z.output<typeof receiveInput>,
): object {
  const system = {
    SenderId: accountId,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(message.receiveCount + message.earlierReceiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs ?? message.sentMs),
    ...(message.groupId === null ? {} : { MessageGroupId: message.groupId }),
    ...(message.traceHeader === null ? {} : { AWSTraceHeader: message.traceHeader }),
    ...(message.deadLetterSourceArn === null
      ? {}
      : { DeadLetterQueueSourceArn: message.deadLetterSourceArn }),
  };
  const wanted = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
  const chosenSystem = Object.entries(system).filter(
    ([attribute]) => wanted.includes("All") || wanted.includes(attribute),
  );
  const chosen = chooseAttributes(message.attributes, input.MessageAttributeNames);
  return {
    MessageId: message.id,
    ReceiptHandle: encodeReceipt(name, receipt),
    Body: message.body,
    MD5OfBody: bodyMd5(message),
    ...(chosenSystem.length === 0 ? {} : { Attributes: Object.fromEntries(chosenSystem) }),
    ...(Object.keys(chosen).length === 0
      ? {}
      : { MessageAttributes: chosen, MD5OfMessageAttributes: attributesMd5(chosen) }),
  };
}

const handleInput = z.object({ ReceiptHandle: z.string() });
const visibilityInput = handleInput.extend({ VisibilityTimeout: visibility });
const batchInput = queueInput.extend({ Entries: z.unknown() });

export const deleteMessage = operation(
  queueInput.extend(handleInput.shape),
  (context, { QueueUrl, ReceiptHandle }) => {
    const { queue, receipt } = held(context, QueueUrl, ReceiptHandle);
    queue.delete(receipt);
    return {};
  },
);

export const deleteMessageBatch = operation(batchInput, (context, { QueueUrl, Entries }) => {
  queueOf(context, { QueueUrl });
  return runBatch(checkEntries(Entries), (entry) => {
    const { ReceiptHandle } = parseInput(handleInput, entry);
    const { queue, receipt } = held(context, QueueUrl, ReceiptHandle);
    queue.delete(receipt);
    return {};
  });
});

export const changeMessageVisibility = operation(
  queueInput.extend(visibilityInput.shape),
  (context, { QueueUrl, ReceiptHandle, VisibilityTimeout }) => {
    const { queue, receipt } = held(context, QueueUrl, ReceiptHandle);
    queue.changeVisibility(receipt, VisibilityTimeout);
    return {};
  },
);

export const changeMessageVisibilityBatch = operation(
  batchInput,
  (context, { QueueUrl, Entries }) => {
    queueOf(context, { QueueUrl });
    return runBatch(checkEntries(Entries), (entry) => {
      const { ReceiptHandle, VisibilityTimeout } = parseInput(visibilityInput, entry);
      const { queue, receipt } = held(context, QueueUrl, ReceiptHandle);
      queue.changeVisibility(receipt, VisibilityTimeout);
      return {};
    });
  },
);

/** @throws AwsError ReceiptHandleIsInvalid */
function held(
  context: SqsContext,
  QueueUrl: string,
  handle: string,
): { readonly queue: Queue; readonly receipt: Receipt } {
  const queue = queueOf(context, { QueueUrl });
  const receipt = decodeReceipt(queueName(context.accountId, QueueUrl), handle);
  if (receipt === null) {
    throw sqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
  }
  return { queue, receipt };
}
