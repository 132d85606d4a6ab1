import { z } from "zod";

import type { Clock } from "../clock.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import { queueDoesNotExist, sqsError } from "./sqs-error.ts";

/** What every operation works on. */
export interface SqsContext {
  readonly queues: Queues;
  readonly clock: Clock;
  readonly queueUrl: (name: string) => string;
  readonly accountId: string;
}

/** Answers the parsed JSON of a request with the JSON of its response. */
export type SqsOperation = (
  context: SqsContext,
  input: unknown,
  disconnected: AbortSignal,
) => object | Promise<object>;

/** Pairs an operation with the schema of its input. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (
    context: SqsContext,
    input: z.output<Schema>,
    disconnected: AbortSignal,
  ) => object | Promise<object>,
): SqsOperation {
  return (context, input, disconnected) => run(context, parseInput(schema, input), disconnected);
}

/** @throws AwsError MissingParameter or InvalidParameterValue, naming every bad field */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const isMissing = parsed.error.issues.every(
    (issue) => issue.code === "invalid_type" && issue.message.endsWith("received undefined"),
  );
  const code = isMissing ? "MissingParameter" : "InvalidParameterValue";
  throw sqsError(code, `The request is invalid: ${problems.join("; ")}.`);
}

export const queueInput = z.object({ QueueUrl: z.string() });

/** The queue of a URL. Only its path counts: host and port differ between start and start. */
export function queueOf(
  { queues, accountId }: SqsContext,
  { QueueUrl }: z.output<typeof queueInput>,
): Queue {
  return queues.get(queueName(accountId, QueueUrl));
}

export function queueName(accountId: string, url: string): string {
  const parts = /^(?:https?:\/\/[^/]+)?\/(\d+)\/([\w.-]+)\/?$/.exec(url);
  const [, account, name] = parts ?? [];
  if (account !== accountId || name === undefined) throw queueDoesNotExist();
  return name;
}
