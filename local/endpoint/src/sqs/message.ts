import { randomUUID } from "node:crypto";

import * as z from "zod";

export const messageAttributeSchema = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  /** Base64. */
  BinaryValue: z.string().optional(),
});
export type MessageAttribute = Readonly<z.infer<typeof messageAttributeSchema>>;

/** A message as a queue keeps it, in memory and in its journal. */
export const messageRecordSchema = z.object({
  id: z.string(),
  body: z.string(),
  attributes: z.record(z.string(), messageAttributeSchema),
  groupId: z.string().nullable(),
  traceHeader: z.string().nullable(),
  sentMs: z.number(),
  /** In this queue; what counts against `maxReceiveCount`. */
  receiveCount: z.int(),
  /** In the queues it came from as a dead letter; reported together with the above. */
  earlierReceiveCount: z.int(),
  firstReceivedMs: z.number().nullable(),
  /** From when on it may be received. */
  visibleAtMs: z.number(),
  deadLetterSourceArn: z.string().nullable(),
});
export type MessageRecord = z.infer<typeof messageRecordSchema>;

/** What a sender gives. */
export type MessageDraft = Readonly<
  Pick<MessageRecord, "body" | "attributes" | "groupId" | "traceHeader"> & {
    /** `null`: the delay of the queue. */
    delaySeconds: number | null;
  }
>;

export function newMessage(
  { delaySeconds, ...draft }: MessageDraft,
  nowMs: number,
  queueDelaySeconds: number,
): MessageRecord {
  return {
    ...draft,
    id: randomUUID(),
    sentMs: nowMs,
    visibleAtMs: nowMs + 1000 * (delaySeconds ?? queueDelaySeconds),
    receiveCount: 0,
    earlierReceiveCount: 0,
    firstReceivedMs: null,
    deadLetterSourceArn: null,
  };
}

/** The same message as it enters a dead-letter queue: id and time of sending stay. */
export function deadLetter(
  message: MessageRecord,
  sourceArn: string,
  nowMs: number,
): MessageRecord {
  return {
    ...message,
    receiveCount: 0,
    earlierReceiveCount: message.earlierReceiveCount + message.receiveCount,
    visibleAtMs: nowMs,
    deadLetterSourceArn: sourceArn,
  };
}

/**
 * Names one delivery of a message: the n-th receive. Only the latest one deletes.
 * Number 0 is that of an injected duplicate, which holds nothing.
 */
export interface Receipt {
  readonly messageId: string;
  readonly receiveNumber: number;
}

export const DUPLICATE_RECEIVE = 0;

/** Opaque to clients, as they are told; valid after a restart. */
export function encodeReceipt(queueName: string, { messageId, receiveNumber }: Receipt): string {
  return Buffer.from([queueName, messageId, receiveNumber].join(" ")).toString("base64");
}

/** `null` if it is no receipt handle of that queue. */
export function decodeReceipt(queueName: string, handle: string): Receipt | null {
  const [name, messageId, receiveNumber, ...rest] = Buffer.from(handle, "base64")
    .toString("utf8")
    .split(" ");
  if (name !== queueName || !messageId || !/^\d+$/.test(receiveNumber ?? "") || rest.length > 0) {
    return null;
  }
  return { messageId, receiveNumber: Number(receiveNumber) };
}
