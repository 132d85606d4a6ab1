import * as z from "zod";

import { ACCOUNT_ID } from "../account.ts";
import { AwsError } from "../aws-error.ts";
import type { Clock } from "../clock.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import { queueDoesNotExist } from "./sqs-error.ts";

/** What every operation works on. */
export interface SqsContext {
  readonly queues: Queues;
  readonly clock: Clock;
  readonly queueUrl: (name: string) => string;
}

/** Answers the parsed JSON of a request with the JSON of its response. */
export type SqsOperation<Input = unknown> = (
  context: SqsContext,
  input: Input,
  disconnected: AbortSignal,
) => object | Promise<object>;

/** Pairs an operation with the schema of its input. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: SqsOperation<z.output<Schema>>,
): SqsOperation {
  return (context, input, disconnected) => run(context, parseInput(schema, input), disconnected);
}

/** An operation on the queue that its `QueueUrl` names; `schema` is of its further input. */
export function queueOperation<Schema extends z.ZodType>(
  schema: Schema,
  run: (
    queue: Queue,
    input: z.output<Schema>,
    context: SqsContext,
    disconnected: AbortSignal,
  ) => object | Promise<object>,
): SqsOperation {
  return operation(z.object({ QueueUrl: z.string() }).and(schema), (context, input, disconnected) =>
    run(queueOf(context, input.QueueUrl), input, context, disconnected),
  );
}

/** @throws AwsError MissingParameter or InvalidParameterValue, naming every bad field */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const isMissing = issues.every(
    ({ code, message }) => code === "invalid_type" && message.endsWith("received undefined"),
  );
  const code = isMissing ? "MissingParameter" : "InvalidParameterValue";
  throw new AwsError(code, `The request is invalid: ${problems.join("; ")}.`);
}

/** The queue of a URL. Only its path counts: host and port differ between start and start. */
function queueOf({ queues }: SqsContext, url: string): Queue {
  const [, account, name] = /^(?:https?:\/\/[^/]+)?\/(\d+)\/([\w.-]+)\/?$/.exec(url) ?? [];
  if (account !== ACCOUNT_ID || name === undefined) throw queueDoesNotExist();
  return queues.get(name);
}

/** The texts of these names, or with `All` every one; `undefined` if there are none. */
export function chooseTexts(
  texts: Readonly<Record<string, string | null>>,
  names: readonly string[],
): Record<string, string | null> | undefined {
  const chosen = Object.entries(texts).filter(
    ([name, text]) => text !== null && (names.includes("All") || names.includes(name)),
  );
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
