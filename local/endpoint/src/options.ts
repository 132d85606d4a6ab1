import { queueArn } from "./account.ts";
import type { Clock } from "./clock.ts";
import type { FaultPlan } from "./faults.ts";
import { MAX_RETENTION_S } from "./limits.ts";
import type { NotificationRule } from "./s3/notification-rule.ts";
import type { QueueAttributes } from "./sqs/queue-settings.ts";

/** Objects created under `prefix`, with names ending in `suffix`, are announced to a queue. */
export interface NotificationOptions {
  readonly prefix: string;
  /** @default - any name */
  readonly suffix?: string;
  readonly queueName: string;
}

export interface BucketOptions {
  readonly name: string;
  readonly notifications?: readonly NotificationOptions[];
}

export interface QueueOptions {
  readonly name: string;
  /** @default 30 */
  readonly visibilityTimeoutSeconds?: number;
  /** Receives before a message goes to the dead-letter queue; needs `deadLetterQueueName`. */
  readonly maxReceiveCount?: number;
  readonly deadLetterQueueName?: string;
}

export interface EndpointOptions {
  /** @default 0 - a free port, see `Endpoint.url` */
  readonly port?: number;
  readonly dataFolder: string;
  /** Made if they are not there; others, made over the wire, stay as they are. */
  readonly buckets?: readonly BucketOptions[];
  readonly queues?: readonly QueueOptions[];
  readonly faults?: FaultPlan;
  readonly clock?: Clock;
}

/** A queue's options as SQS's attributes. @throws Error if a redrive policy is only half given */
export function queueAttributes(queue: QueueOptions): QueueAttributes {
  const { maxReceiveCount, deadLetterQueueName } = queue;
  if ((maxReceiveCount === undefined) !== (deadLetterQueueName === undefined)) {
    throw new Error(
      `queue '${queue.name}': maxReceiveCount is ${maxReceiveCount} and deadLetterQueueName is ${deadLetterQueueName}; give both or none`,
    );
  }
  const redrive =
    deadLetterQueueName === undefined
      ? ""
      : JSON.stringify({ deadLetterTargetArn: queueArn(deadLetterQueueName), maxReceiveCount });
  return {
    ...(queue.visibilityTimeoutSeconds === undefined
      ? {}
      : { VisibilityTimeout: String(queue.visibilityTimeoutSeconds) }),
    // a laptop may be closed for a week
    MessageRetentionPeriod: String(MAX_RETENTION_S),
    RedrivePolicy: redrive,
  };
}

export function notificationRules({
  notifications = [],
}: BucketOptions): readonly NotificationRule[] {
  return notifications.map(({ prefix, suffix = "", queueName }) => ({
    id: `${queueName}:${prefix}:${suffix}`,
    queueArn: queueArn(queueName),
    events: ["s3:ObjectCreated:*"],
    prefix,
    suffix,
  }));
}
