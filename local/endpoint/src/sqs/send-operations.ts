import { createHash } from "node:crypto";

import * as z from "zod";

import { AwsError } from "../aws-error.ts";
import { MAX_DELAY_S, MAX_MESSAGE_BYTES } from "../limits.ts";
import { type BatchEntries, batchOperation } from "./batch.ts";
import { type MessageDraft, messageAttributeSchema, type MessageRecord } from "./message.ts";
import { attributesMd5, attributesSize, checkMessageAttributes } from "./message-attributes.ts";
import type { Queue } from "./queue.ts";
import { numberAttribute } from "./queue-settings.ts";
import { invalidParameter } from "./sqs-error.ts";
import { queueOperation } from "./sqs-operation.ts";

const draftInput = z.object({
  MessageBody: z.string(),
  DelaySeconds: z.int().min(0).max(MAX_DELAY_S).optional(),
  MessageAttributes: z.record(z.string(), messageAttributeSchema).default({}),
  MessageSystemAttributes: z
    .strictObject({ AWSTraceHeader: messageAttributeSchema.optional() })
    .default({}),
  MessageGroupId: z
    .string()
    .regex(/^[!-~]{1,128}$/, "1 to 128 letters, digits and punctuation marks are allowed")
    .optional(),
  MessageDeduplicationId: z
    .undefined("the request includes a parameter that is not valid for this queue type")
    .optional(),
});
type DraftInput = z.output<typeof draftInput>;

export const sendOperations = {
  SendMessage: queueOperation(draftInput, sendOne),
  SendMessageBatch: batchOperation(draftInput, sendOne, checkSize),
};

function checkSize(entries: BatchEntries): void {
  const size = entries.reduce((sum, entry) => sum + roughSize(entry), 0);
  if (size > MAX_MESSAGE_BYTES) {
    throw new AwsError(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${size} bytes.`,
    );
  }
}

/** Size of an entry that may still turn out to be invalid. */
function roughSize(entry: object): number {
  const parsed = draftInput.safeParse(entry);
  return parsed.success ? draftSize(parsed.data) : 0;
}

function draftSize({ MessageBody, MessageAttributes }: DraftInput): number {
  return Buffer.byteLength(MessageBody) + attributesSize(MessageAttributes);
}

/** @throws AwsError MissingParameter, InvalidParameterValue, InvalidMessageContents */
function readDraft(queue: Queue, input: DraftInput): MessageDraft {
  const { MessageBody: body, MessageAttributes: attributes } = input;
  if (body === "") {
    throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.");
  }
  // what XML 1.0 can carry, though JSON could carry more
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/u.test(body)) {
    throw new AwsError(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  }
  checkMessageAttributes(attributes);
  const size = draftSize(input);
  const limit = numberAttribute(queue.attributes, "MaximumMessageSize");
  if (size > limit) {
    const reason = `Message must be shorter than ${limit} bytes`;
    throw invalidParameter("MessageBody", `of ${size} bytes`, reason);
  }
  return {
    body,
    attributes,
    delaySeconds: input.DelaySeconds ?? null,
    groupId: input.MessageGroupId ?? null,
    traceHeader: input.MessageSystemAttributes.AWSTraceHeader?.StringValue ?? null,
  };
}

function sendOne(queue: Queue, input: DraftInput): object {
  const { id, body, attributes, traceHeader } = queue.send(readDraft(queue, input));
  const system =
    traceHeader === null
      ? {}
      : { AWSTraceHeader: { DataType: "String", StringValue: traceHeader } };
  return {
    MessageId: id,
    MD5OfMessageBody: bodyMd5({ body }),
    MD5OfMessageAttributes: attributesMd5(attributes),
    MD5OfMessageSystemAttributes: attributesMd5(system),
  };
}

export function bodyMd5({ body }: Pick<MessageRecord, "body">): string {
  return createHash("md5").update(body).digest("hex");
}
