import { ACCOUNT_ID, DEFAULT_REGION } from "@dreamgrid/aws-endpoint";
import { AsyncLocalStorage } from "node:async_hooks";

import type { Action } from "./iam.ts";

/** Whose calls of AWS are being made. */
export const caller = new AsyncLocalStorage<string>();

export interface RecordedCall extends Action {
  /** Name of the function. */
  readonly caller: string;
}

export const recordedCalls: RecordedCall[] = [];

interface Input {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly QueueUrl?: string;
  readonly cluster?: string;
  readonly service?: string;
  readonly services?: readonly string[];
}

const object = ({ Bucket, Key }: Input) => `arn:aws:s3:::${Bucket}/${Key}`;
const bucket = ({ Bucket }: Input) => `arn:aws:s3:::${Bucket}`;
const queue = ({ QueueUrl }: Input) =>
  `arn:aws:sqs:${DEFAULT_REGION}:${ACCOUNT_ID}:${QueueUrl?.split("/").at(-1)}`;
const service = ({ service: one, services: [first] = [] }: Input) =>
  `arn:aws:ecs:${DEFAULT_REGION}:${ACCOUNT_ID}:service/cluster/${one ?? first}`;

/**
 * The action and the resource that each command needs.
 * https://docs.aws.amazon.com/service-authorization/latest/reference
 */
const NEEDS: Readonly<Record<string, readonly [string, (input: Input) => string]>> = {
  GetObjectCommand: ["s3:GetObject", object],
  HeadObjectCommand: ["s3:GetObject", object],
  PutObjectCommand: ["s3:PutObject", object],
  DeleteObjectCommand: ["s3:DeleteObject", object],
  ListObjectsV2Command: ["s3:ListBucket", bucket],
  SendMessageBatchCommand: ["sqs:SendMessage", queue],
  ReceiveMessageCommand: ["sqs:ReceiveMessage", queue],
  DeleteMessageBatchCommand: ["sqs:DeleteMessage", queue],
  ChangeMessageVisibilityBatchCommand: ["sqs:ChangeMessageVisibility", queue],
  DescribeServicesCommand: ["ecs:DescribeServices", service],
  UpdateServiceCommand: ["ecs:UpdateService", service],
};

function record(action: string, resource: string): void {
  const name = caller.getStore();
  if (name !== undefined) recordedCalls.push({ caller: name, action, resource });
}

/** What of an AWS client is looked at, whichever service it is for. */
interface Client {
  readonly middlewareStack: { add(middleware: Middleware, options: object): void };
}
type Middleware = (
  next: (args: never) => Promise<unknown>,
  context: { readonly commandName?: string },
) => (args: never) => Promise<unknown>;

/**
 * Has a client tell each of its calls, those signed for others to make included.
 *
 * @param answer in place of a server's
 */
export function recording<T>(client: T, answer: ((command: string) => unknown) | null = null): T {
  const middleware: Middleware =
    (next, { commandName = "" }) =>
    async (args) => {
      const needs = NEEDS[commandName];
      if (needs === undefined) throw new Error(`which action does ${commandName} need?`);
      const [action, resourceOf] = needs;
      const { input } = args as { readonly input: Input };
      record(action, resourceOf(input));
      if (answer !== null) return { response: {}, output: answer(commandName) };
      try {
        return await next(args);
      } catch (error) {
        // without the right to list S3 answers 403 for what is not there
        const { $metadata } = error as {
          readonly $metadata?: { readonly httpStatusCode?: number };
        };
        if (action === "s3:GetObject" && $metadata?.httpStatusCode === 404) {
          record("s3:ListBucket", bucket(input));
        }
        throw error;
      }
    };
  (client as Client).middlewareStack.add(middleware, { step: "initialize", name: "recording" });
  return client;
}
