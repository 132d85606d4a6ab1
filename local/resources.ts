import {
  type BucketOptions,
  CREDENTIALS,
  REGION,
  type QueueOptions,
} from "@dreamgrid/aws-endpoint";

import { REQUEST_NOTIFICATION, RESULT_NOTIFICATIONS } from "../lib/pipeline/keys.ts";
import { MAX_CHANNEL_RECEIVES, MAX_RECEIVES } from "../lib/pipeline/limits.ts";

/**
 * What the stack makes in the cloud, on this machine: one bucket and its queues. Here questions have
 * a queue of their own: there workers for them start beside those that draw.
 */
export const BUCKET = "dreamgrid";

export const QUEUE_NAMES = {
  requests: "dreamgrid-requests",
  requestsDead: "dreamgrid-requests-dead",
  channels: "dreamgrid-channels",
  channelsDead: "dreamgrid-channels-dead",
  questions: "dreamgrid-questions",
  assembly: "dreamgrid-assembly",
  assemblyDead: "dreamgrid-assembly-dead",
} as const;

export const BUCKETS: readonly BucketOptions[] = [
  {
    name: BUCKET,
    notifications: [
      { ...REQUEST_NOTIFICATION, queueName: QUEUE_NAMES.requests },
      ...RESULT_NOTIFICATIONS.map((rule) => ({ ...rule, queueName: QUEUE_NAMES.assembly })),
    ],
  },
];

const withDeadLetters = (["requests", "channels", "assembly"] as const).flatMap(
  (role): QueueOptions[] => {
    const deadLetterQueueName = QUEUE_NAMES[`${role}Dead`];
    const name = QUEUE_NAMES[role];
    const maxReceiveCount = role === "channels" ? MAX_CHANNEL_RECEIVES : MAX_RECEIVES;
    return [{ name: deadLetterQueueName }, { name, deadLetterQueueName, maxReceiveCount }];
  },
);

export const QUEUES: readonly QueueOptions[] = [
  ...withDeadLetters,
  {
    name: QUEUE_NAMES.questions,
    deadLetterQueueName: QUEUE_NAMES.channelsDead,
    maxReceiveCount: MAX_CHANNEL_RECEIVES,
  },
];

/** How clients, ours included, reach the local S3 and SQS. */
export interface LocalConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What a user's account may want of AWS, and no address but AWS's own has. */
  readonly useFipsEndpoint: false;
  readonly useDualstackEndpoint: false;
}

export function localConnection(endpoint: string): LocalConnection {
  return {
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
  };
}
