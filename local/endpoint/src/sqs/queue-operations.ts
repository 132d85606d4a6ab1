import * as z from "zod";

import { ACCOUNT_ID } from "../account.ts";
import { AwsError } from "../aws-error.ts";
import { MAX_LIST_QUEUES } from "../limits.ts";
import type { Queue } from "./queue.ts";
import { checkAttributes, OPTIONAL_ATTRIBUTES } from "./queue-settings.ts";
import { invalidParameter, queueDoesNotExist } from "./sqs-error.ts";
import { chooseTexts, operation, queueOperation, type SqsContext } from "./sqs-operation.ts";

const attributes = z.record(z.string(), z.string());
const nothing = z.object({});

const pageInput = z.object({
  MaxResults: z.int().min(1).max(MAX_LIST_QUEUES).optional(),
  NextToken: z.string().default(""),
});

export const queueOperations = {
  CreateQueue: operation(
    z.strictObject({
      QueueName: z.string(),
      Attributes: attributes.default({}),
      tags: z.record(z.string(), z.string()).default({}),
    }),
    ({ queues, queueUrl }, { QueueName, Attributes, tags }) => {
      if (Object.keys(tags).length > 0) {
        throw new AwsError("UnsupportedOperation", "Queue tags are not implemented.");
      }
      queues.create(QueueName, Attributes);
      return { QueueUrl: queueUrl(QueueName) };
    },
  ),

  DeleteQueue: queueOperation(nothing, ({ name }, _, { queues }) => {
    queues.delete(name);
    return {};
  }),

  GetQueueUrl: operation(
    z.object({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().default(ACCOUNT_ID) }),
    ({ queues, queueUrl }, { QueueName, QueueOwnerAWSAccountId }) => {
      if (QueueOwnerAWSAccountId !== ACCOUNT_ID) throw queueDoesNotExist();
      queues.get(QueueName);
      return { QueueUrl: queueUrl(QueueName) };
    },
  ),

  ListQueues: operation(
    pageInput.extend({ QueueNamePrefix: z.string().default("") }),
    (context, { QueueNamePrefix, ...paging }) => {
      const names = context.queues.names.filter((name) => name.startsWith(QueueNamePrefix));
      const { urls, NextToken } = page(context, names, paging);
      return { QueueUrls: urls, NextToken };
    },
  ),

  ListDeadLetterSourceQueues: queueOperation(pageInput, ({ arn }, paging, context) => {
    const { urls, NextToken } = page(context, context.queues.sourcesOf(arn), paging);
    return { queueUrls: urls, NextToken }; // in this case of letters, unlike ListQueues
  }),

  GetQueueAttributes: queueOperation(
    z.object({ AttributeNames: z.array(z.string()).default([]) }),
    (queue, { AttributeNames }) => {
      const all = describeQueue(queue);
      const known = new Set(["All", ...Object.keys(all), ...OPTIONAL_ATTRIBUTES]);
      const unknown = AttributeNames.find((name) => !known.has(name));
      if (unknown !== undefined) {
        throw new AwsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
      }
      return { Attributes: chooseTexts(all, AttributeNames) };
    },
  ),

  SetQueueAttributes: queueOperation(
    z.object({ Attributes: attributes }),
    (queue, { Attributes }) => {
      checkAttributes(Attributes);
      queue.setAttributes(Attributes);
      return {};
    },
  ),

  PurgeQueue: queueOperation(nothing, (queue) => {
    queue.purge();
    return {};
  }),

  /** Sends dead letters back, at once: to the given queue, or each to where it came from. */
  StartMessageMoveTask: operation(
    z.object({
      SourceArn: z.string(),
      DestinationArn: z.string().optional(),
      MaxNumberOfMessagesPerSecond: z.int().optional(),
    }),
    ({ queues, clock }, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }) => {
      if (MaxNumberOfMessagesPerSecond !== undefined) {
        const message = "MaxNumberOfMessagesPerSecond is not implemented.";
        throw new AwsError("UnsupportedOperation", message);
      }
      const source = queues.byArn(SourceArn);
      const isDestinationKnown = DestinationArn === undefined || queues.has(DestinationArn);
      if (source === undefined || !isDestinationKnown) {
        throw new AwsError(
          "ResourceNotFoundException",
          "The resource that you specified for the SourceArn or DestinationArn parameter doesn't exist.",
        );
      }
      if (queues.sourcesOf(SourceArn).length === 0) {
        const reason = "it is not the dead-letter queue of any queue";
        throw invalidParameter("SourceArn", SourceArn, reason);
      }
      source.drain(({ body, attributes: own, groupId, traceHeader, deadLetterSourceArn }) => {
        const target = queues.byArn(DestinationArn ?? deadLetterSourceArn ?? "");
        target?.send({ body, attributes: own, groupId, traceHeader, delaySeconds: null });
        return target !== undefined;
      });
      return { TaskHandle: Buffer.from(`${SourceArn} ${clock.now()}`).toString("base64") };
    },
  ),
};

/** Pages only if asked to, as SQS: the token is the last name before. */
function page(
  { queueUrl }: SqsContext,
  names: readonly string[],
  { MaxResults, NextToken }: z.output<typeof pageInput>,
) {
  const left = names.filter((name) => name > NextToken);
  const chosen = left.slice(0, MaxResults ?? MAX_LIST_QUEUES);
  const isMore = MaxResults !== undefined && chosen.length < left.length;
  return { urls: chosen.map(queueUrl), NextToken: isMore ? chosen.at(-1) : undefined };
}

function describeQueue(queue: Queue): Record<string, string> {
  const { visible, inFlight, waiting } = queue.counters();
  const created = String(Math.floor(queue.createdMs / 1000));
  return {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(waiting),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
  };
}
