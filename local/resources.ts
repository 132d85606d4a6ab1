import {
  type BucketOptions,
  DEFAULT_CREDENTIALS,
  DEFAULT_REGION,
  type QueueOptions,
} from "@dreamgrid/aws-endpoint";

import { REQUEST_NOTIFICATION, RESULT_NOTIFICATIONS } from "../lib/pipeline/keys.ts";
import { MAX_RECEIVES } from "../lib/pipeline/limits.ts";

/** What the stack makes in the cloud, on this machine: one bucket and its queues. */
export const BUCKET = "dreamgrid";

export const QUEUE_NAMES = {
  requests: "dreamgrid-requests",
  requestsDead: "dreamgrid-requests-dead",
  channels: "dreamgrid-channels",
  channelsDead: "dreamgrid-channels-dead",
  assembly: "dreamgrid-assembly",
  assemblyDead: "dreamgrid-assembly-dead",
} as const;

export type QueueRole = keyof typeof QUEUE_NAMES;

export const BUCKETS: readonly BucketOptions[] = [
  {
    name: BUCKET,
    notifications: [
      { ...REQUEST_NOTIFICATION, queueName: QUEUE_NAMES.requests },
      ...RESULT_NOTIFICATIONS.map((rule) => ({ ...rule, queueName: QUEUE_NAMES.assembly })),
    ],
  },
];

export const QUEUES: readonly QueueOptions[] = [
  { name: QUEUE_NAMES.requestsDead },
  { name: QUEUE_NAMES.channelsDead },
  { name: QUEUE_NAMES.assemblyDead },
  withDeadLetters(QUEUE_NAMES.requests, QUEUE_NAMES.requestsDead),
  withDeadLetters(QUEUE_NAMES.channels, QUEUE_NAMES.channelsDead),
  withDeadLetters(QUEUE_NAMES.assembly, QUEUE_NAMES.assemblyDead),
];

/** How clients, ours included, reach the local S3 and SQS. */
export interface LocalConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function localConnection(endpoint: string): LocalConnection {
  return { endpoint, region: DEFAULT_REGION, credentials: DEFAULT_CREDENTIALS };
}

function withDeadLetters(name: string, deadLetterQueueName: string): QueueOptions {
  return { name, deadLetterQueueName, maxReceiveCount: MAX_RECEIVES };
}
