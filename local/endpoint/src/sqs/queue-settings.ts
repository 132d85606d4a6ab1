import * as z from "zod";

import { AwsError } from "../aws-error.ts";
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

/** The settable attributes of a queue, as texts, the way SQS keeps and returns them. */
export type QueueAttributes = Readonly<Record<string, string>>;

/** What an attribute that is a number may be, and is if nobody sets it. */
type Numbers = readonly [minimum: number, maximum: number, standard: number];

const NUMBERS: Readonly<Record<string, Numbers>> = {
  VisibilityTimeout: [0, MAX_VISIBILITY_S, DEFAULT_VISIBILITY_S],
  DelaySeconds: [0, MAX_DELAY_S, 0],
  ReceiveMessageWaitTimeSeconds: [0, MAX_WAIT_S, 0],
  MessageRetentionPeriod: [MIN_RETENTION_S, MAX_RETENTION_S, DEFAULT_RETENTION_S],
  MaximumMessageSize: [MIN_MESSAGE_LIMIT_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES],
};

/**
 * Kept and returned, but not judged: there is one caller, who may do everything, and no network.
 */
const KEPT = ["Policy", "RedriveAllowPolicy", "SqsManagedSseEnabled"];

/** Attributes that a queue need not have. */
export const OPTIONAL_ATTRIBUTES: readonly string[] = [...KEPT, "RedrivePolicy"];

/** Where SQS takes `RedrivePolicy` from: numbers may come as texts. */
const redrivePolicySchema = z.object({
  deadLetterTargetArn: z.string().regex(/^arn:aws:sqs:[^:]+:\d+:[\w-]+$/),
  maxReceiveCount: z.coerce.number().int().min(1).max(MAX_RECEIVE_COUNT),
});
/** After how many receives a message goes where. */
export type RedrivePolicy = Readonly<z.infer<typeof redrivePolicySchema>>;

export const STANDARD_ATTRIBUTES: QueueAttributes = Object.fromEntries(
  Object.entries(NUMBERS).map(([name, [, , standard]]) => [name, String(standard)]),
);

/**
 * Checks attributes a client wants to set. An empty `RedrivePolicy` removes it.
 *
 * @throws AwsError InvalidAttributeName, InvalidAttributeValue; UnsupportedOperation (501) for
 *   FIFO queues and encryption keys, which are not here.
 */
export function checkAttributes(attributes: QueueAttributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const range = NUMBERS[name];
    if (range !== undefined) checkNumber(name, value, range);
    else if (name === "RedrivePolicy") readRedrivePolicy(value);
    else if (/^(Fifo|Kms|ContentBased|Deduplication)/.test(name) && value !== "false") {
      throw new AwsError("UnsupportedOperation", `The attribute ${name} is not implemented.`);
    } else if (!KEPT.includes(name)) {
      throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
    }
  }
}

function checkNumber(name: string, value: string, [minimum, maximum]: Numbers): void {
  const isValid = /^\d{1,9}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
  if (isValid) return;
  throw new AwsError(
    "InvalidAttributeValue",
    `Invalid value for the parameter ${name}: ${value} given, ${minimum} to ${maximum} allowed.`,
  );
}

export function readRedrivePolicy(text: string | undefined): RedrivePolicy | null {
  if (text === undefined || text === "") return null;
  const parsed = redrivePolicySchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new AwsError(
    "InvalidAttributeValue",
    `Value ${text} for parameter RedrivePolicy is invalid. Reason: it must be JSON with deadLetterTargetArn, the ARN of a queue, and maxReceiveCount, 1 to ${MAX_RECEIVE_COUNT}.`,
  );
}

/** `undefined` if it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Value of an attribute that is a number, in its own unit (seconds or bytes). */
export function numberAttribute(attributes: QueueAttributes, name: string): number {
  return Number(attributes[name] ?? STANDARD_ATTRIBUTES[name]);
}
