import { z } from "zod";

import { MAX_LIST_QUEUES } from "../limits.ts";
import type { Queue } from "./queue.ts";
import { checkAttributes } from "./queue-settings.ts";
import { operation, queueInput, queueName, queueOf, type SqsContext } from "./sqs-operation.ts";
import { invalidParameter, queueDoesNotExist, sqsError } from "./sqs-error.ts";

const attributes = z.record(z.string(), z.string());

export const createQueue = operation(
  z.strictObject({
    QueueName: z.string(),
    Attributes: attributes.default({}),
    tags: z.record(z.string(), z.string()).optional(),
  }),
  ({ queues, queueUrl }, { QueueName, Attributes, tags }) => {
    if (tags !== undefined && Object.keys(tags).length > 0) {
      throw sqsError("UnsupportedOperation", "Queue tags are not implemented.", 501);
    }
    queues.create(QueueName, Attributes);
    return { QueueUrl: queueUrl(QueueName) };
  },
);

export const deleteQueue = operation(queueInput, ({ queues, accountId }, { QueueUrl }) => {
  queues.delete(queueName(accountId, QueueUrl));
  return {};
});

export const getQueueUrl = operation(
  z.object({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() }),
  ({ queues, queueUrl, accountId }, { QueueName, QueueOwnerAWSAccountId = accountId }) => {
    if (QueueOwnerAWSAccountId !== accountId) throw queueDoesNotExist();
    queues.get(QueueName);
    return { QueueUrl: queueUrl(QueueName) };
  },
);

const pageInput = {
  MaxResults: z.int().min(1).max(MAX_LIST_QUEUES).optional(),
  NextToken: z.string().optional(),
};

/** Pages only if asked to, as SQS: the token is the last name before. */
function page(
  { queueUrl }: SqsContext,
  names: readonly string[],
  {
    MaxResults,
    NextToken,
  }: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
) {
  const left = NextToken === undefined ? names : names.filter((name) => name > NextToken);
  const chosen = left.slice(0, MaxResults ?? MAX_LIST_QUEUES);
  const isMore = MaxResults !== undefined && chosen.length < left.length;
  return { urls: chosen.map(queueUrl), ...(isMore ? { NextToken: chosen.at(-1) } : {}) };
}

export const listQueues = operation(
  z.object({ QueueNamePrefix: z.string().default(""), ...pageInput }),
  (context, { QueueNamePrefix, ...paging }) => {
    const names = context.queues.names.filter((name) => name.startsWith(QueueNamePrefix));
    const { urls, ...next } = page(context, names, paging);
    return { QueueUrls: urls, ...next };
  },
);

export const listDeadLetterSourceQueues = operation(
  z.object({ ...queueInput.shape, ...pageInput }),
  (context, { QueueUrl, ...paging }) => {
    const names = context.queues.sourcesOf(queueOf(context, { QueueUrl }).arn);
    const { urls, ...next } = page(context, names, paging);
    return { queueUrls: urls, ...next }; // in this case of letters, unlike ListQueues
  },
);

export const getQueueAttributes = operation(
  queueInput.extend({ AttributeNames: z.array(z.string()).default([]) }),
  (context, { QueueUrl, AttributeNames }) => {
    const all = describeQueue(queueOf(context, { QueueUrl }));
    const unknown = AttributeNames.find((name) => name !== "All" && !KNOWN_ATTRIBUTES.has(name));
    if (unknown !== undefined)
      throw sqsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
    const isWanted = (name: string) =>
      AttributeNames.includes("All") || AttributeNames.includes(name);
    const chosen = Object.entries(all).filter(([name]) => isWanted(name));
    return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) };
  },
);

const KNOWN_ATTRIBUTES = new Set([
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
  "CreatedTimestamp",
  "DelaySeconds",
  "LastModifiedTimestamp",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "Policy",
  "QueueArn",
  "ReceiveMessageWaitTimeSeconds",
  "RedriveAllowPolicy",
  "RedrivePolicy",
  "SqsManagedSseEnabled",
  "VisibilityTimeout",
]);

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

export const setQueueAttributes = operation(
  queueInput.extend({ Attributes: attributes }),
  (context, { QueueUrl, Attributes }) => {
    const queue = queueOf(context, { QueueUrl });
    checkAttributes(Attributes);
    queue.setAttributes(Attributes);
    return {};
  },
);

export const purgeQueue = operation(queueInput, (context, input) => {
  queueOf(context, input).purge();
  return {};
});

/** Sends dead letters back, at once: to the given queue, or each to where it came from. */
export const startMessageMoveTask = operation(
  z.object({
    SourceArn: z.string(),
    DestinationArn: z.string().optional(),
    MaxNumberOfMessagesPerSecond: z.int().optional(),
  }),
  ({ queues, clock }, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }) => {
    if (MaxNumberOfMessagesPerSecond !== undefined) {
      throw sqsError(
        "UnsupportedOperation",
        "MaxNumberOfMessagesPerSecond is not implemented.",
        501,
      );
    }
    const source = queues.byArn(SourceArn);
    const isDestinationKnown = DestinationArn === undefined || queues.has(DestinationArn);
    if (source === undefined || !isDestinationKnown) {
      throw sqsError(
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn or DestinationArn parameter doesn't exist.",
        404,
      );
    }
    if (queues.sourcesOf(SourceArn).length === 0) {
      throw invalidParameter(
        "SourceArn",
        SourceArn,
        "it is not the dead-letter queue of any queue",
      );
    }
    source.drain(({ body, attributes: own, groupId, traceHeader, deadLetterSourceArn }) => {
      const target = queues.byArn(DestinationArn ?? deadLetterSourceArn ?? "");
      target?.send([{ body, attributes: own, groupId, traceHeader, delaySeconds: null }]);
      return target !== undefined;
    });
    return { TaskHandle: Buffer.from(`${SourceArn} ${clock.now()}`).toString("base64") };
  },
);
