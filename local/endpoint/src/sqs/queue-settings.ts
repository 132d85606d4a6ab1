import { z } from "zod";

import {
  DEFAULT_RETENTION_S,
  DEFAULT_VISIBILITY_S,
  MAX_DELAY_S,
  MAX_MESSAGE_BYTES,
  MAX_RECEIVE_COUNT,
  MAX_RETENTION_S,
  MAX_VISIBILITY_S,
  MAX_WAIT_S,
  MIN_MESSAGE_LIMIT_BYTES,
  MIN_RETENTION_S,
} from "../limits.ts";
import { sqsError } from "./sqs-error.ts";

/** After how many receives a message goes where. */
export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** The settable attributes of a queue, as texts, the way SQS keeps and returns them. */
export type QueueAttributes = Readonly<Record<string, string>>;

interface NumberAttribute {
  readonly minimum: number;
  readonly maximum: number;
  readonly standard: number;
}

const NUMBERS: Readonly<Record<string, NumberAttribute>> = {
  VisibilityTimeout: { minimum: 0, maximum: MAX_VISIBILITY_S, standard: DEFAULT_VISIBILITY_S },
  DelaySeconds: { minimum: 0, maximum: MAX_DELAY_S, standard: 0 },
  ReceiveMessageWaitTimeSeconds: { minimum: 0, maximum: MAX_WAIT_S, standard: 0 },
  MessageRetentionPeriod: {
    minimum: MIN_RETENTION_S,
    maximum: MAX_RETENTION_S,
    standard: DEFAULT_RETENTION_S,
  },
  MaximumMessageSize: {
    minimum: MIN_MESSAGE_LIMIT_BYTES,
    maximum: MAX_MESSAGE_BYTES,
    standard: MAX_MESSAGE_BYTES,
  },
};

/** Kept and returned, but not judged: there is one caller, who may do everything, and no network. */
const KEPT = ["Policy", "RedriveAllowPolicy", "SqsManagedSseEnabled"];

/** Where SQS takes `RedrivePolicy` from: numbers may come as texts. */
const redrivePolicySchema = z.object({
  deadLetterTargetArn: z.string().regex(/^arn:aws:sqs:[^:]+:\d+:[\w-]+$/),
  maxReceiveCount: z.coerce.number().int().min(1).max(MAX_RECEIVE_COUNT),
});

export const STANDARD_ATTRIBUTES: QueueAttributes = Object.fromEntries(
  Object.entries(NUMBERS).map(([name, { standard }]) => [name, String(standard)]),
);

/**
 * Checks attributes a client wants to set. An empty `RedrivePolicy` removes it.
 *
 * @throws AwsError InvalidAttributeName, InvalidAttributeValue; UnsupportedOperation (501) for
 *   FIFO queues and encryption keys, which are not here.
 */
export function checkAttributes(attributes: QueueAttributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const number = NUMBERS[name];
    if (number !== undefined) checkNumber(name, value, number);
    else if (name === "RedrivePolicy") readRedrivePolicy(value);
    else if (/^(Fifo|Kms|ContentBased|Deduplication)/.test(name) && value !== "false") {
      throw sqsError("UnsupportedOperation", `The attribute ${name} is not implemented.`, 501);
    } else if (!KEPT.includes(name)) {
      throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
    }
  }
}

function checkNumber(name: string, value: string, { minimum, maximum }: NumberAttribute): void {
  const isValid = /^\d{1,9}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
  if (isValid) return;
  throw sqsError(
    "InvalidAttributeValue",
    `Invalid value for the parameter ${name}: ${value} given, ${minimum} to ${maximum} allowed.`,
  );
}

export function readRedrivePolicy(text: string | undefined): RedrivePolicy | null {
  if (text === undefined || text === "") return null;
  const invalid = () =>
    sqsError(
      "InvalidAttributeValue",
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: it must be JSON with deadLetterTargetArn, the ARN of a queue, and maxReceiveCount, 1 to ${MAX_RECEIVE_COUNT}.`,
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid();
  }
  const parsed = redrivePolicySchema.safeParse(json);
  if (!parsed.success) throw invalid();
  return parsed.data;
}

/** Value of an attribute that is a number, in its own unit (seconds or bytes). */
export function numberAttribute(attributes: QueueAttributes, name: string): number {
  return Number(attributes[name] ?? NUMBERS[name]?.standard);
}
