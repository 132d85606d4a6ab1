import { createHash } from "node:crypto";

import { z } from "zod";

import { MAX_DELAY_S, MAX_MESSAGE_BYTES } from "../limits.ts";
import { checkEntries, runBatch } from "./batch.ts";
import { type MessageDraft, type MessageRecord, messageAttributeSchema } from "./message.ts";
import { attributesMd5, attributesSize, checkMessageAttributes } from "./message-attributes.ts";
import type { Queue } from "./queue.ts";
import { numberAttribute } from "./queue-settings.ts";
import { invalidParameter, sqsError } from "./sqs-error.ts";
import { operation, parseInput, queueInput, queueOf } from "./sqs-operation.ts";

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
});
type DraftInput = z.output<typeof draftInput>;

export const sendMessage = operation(
  queueInput.extend(draftInput.shape),
  (context, { QueueUrl, ...input }) => {
    const queue = queueOf(context, { QueueUrl });
    return sendOne(queue, readDraft(queue, input));
  },
);

export const sendMessageBatch = operation(
  queueInput.extend({ Entries: z.unknown() }),
  (context, { QueueUrl, Entries }) => {
    const queue = queueOf(context, { QueueUrl });
    const entries = checkEntries(Entries);
    const size = entries.reduce((sum, entry) => sum + roughSize(entry), 0);
    if (size > MAX_MESSAGE_BYTES) {
      throw sqsError(
        "BatchRequestTooLong",
        `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${size} bytes.`,
      );
    }
    return runBatch(entries, (entry) =>
      sendOne(queue, readDraft(queue, parseInput(draftInput, entry))),
    );
  },
);

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
    throw sqsError("MissingParameter", "The request must contain the parameter MessageBody.");
  }
  // what XML 1.0 can carry, though JSON could carry more
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/u.test(body)) {
    throw sqsError(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  }
  checkMessageAttributes(attributes);
  const limit = numberAttribute(queue.attributes, "MaximumMessageSize");
  if (draftSize(input) > limit) {
    throw invalidParameter(
      "MessageBody",
      `of ${draftSize(input)} bytes`,
      `Message must be shorter than ${limit} bytes`,
    );
  }
  return {
    body,
    attributes,
    delaySeconds: input.DelaySeconds ?? null,
    groupId: input.MessageGroupId ?? null,
    traceHeader: input.MessageSystemAttributes.AWSTraceHeader?.StringValue ?? null,
  };
}

function sendOne(queue: Queue, draft: MessageDraft): object {
  const [message] = queue.send([draft]);
  if (message === undefined) throw new Error("internal: a message was sent and is not there");
  return {
    MessageId: message.id,
    MD5OfMessageBody: bodyMd5(message),
    MD5OfMessageAttributes: attributesMd5(message.attributes),
    MD5OfMessageSystemAttributes: attributesMd5(systemAttributes(message)),
  };
}

function systemAttributes({ traceHeader }: MessageRecord) {
  return traceHeader === null
    ? {}
    : { AWSTraceHeader: { DataType: "String", StringValue: traceHeader } };
}

export function bodyMd5({ body }: Pick<MessageRecord, "body">): string {
  return createHash("md5").update(body).digest("hex");
}
