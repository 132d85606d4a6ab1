import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";

import {
  type NotificationRule,
  REQUEST_NOTIFICATION,
  RESULT_NOTIFICATIONS,
} from "../lib/pipeline/keys.ts";
import { MAX_RECEIVES } from "../lib/pipeline/limits.ts";
import { BUCKET, QUEUE_NAMES, type QueueRole } from "./account.ts";

export interface Queue {
  readonly url: string;
  readonly arn: string;
}

export type Queues = Readonly<Record<QueueRole, Queue>>;

/**
 * Makes the bucket, the queues and the notification rules that the stack makes in the cloud, or
 * finds them as an earlier run left them.
 */
export async function provision(s3: S3Client, sqs: SQSClient): Promise<Queues> {
  await createBucket(s3);
  const [requestsDead, channelsDead, assemblyDead] = await Promise.all([
    createQueue(sqs, QUEUE_NAMES.requestsDead, null),
    createQueue(sqs, QUEUE_NAMES.channelsDead, null),
    createQueue(sqs, QUEUE_NAMES.assemblyDead, null),
  ]);
  const [requests, channels, assembly] = await Promise.all([
    createQueue(sqs, QUEUE_NAMES.requests, requestsDead),
    createQueue(sqs, QUEUE_NAMES.channels, channelsDead),
    createQueue(sqs, QUEUE_NAMES.assembly, assemblyDead),
  ]);
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: BUCKET,
      NotificationConfiguration: {
        QueueConfigurations: [
          notification(REQUEST_NOTIFICATION, requests),
          ...RESULT_NOTIFICATIONS.map((rule) => notification(rule, assembly)),
        ],
      },
    }),
  );
  return { requests, requestsDead, channels, channelsDead, assembly, assemblyDead };
}

async function createBucket(s3: S3Client): Promise<void> {
  try {
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
}

async function createQueue(
  sqs: SQSClient,
  name: string,
  deadLetters: Queue | null,
): Promise<Queue> {
  const redrive = deadLetters && {
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: deadLetters.arn,
      maxReceiveCount: MAX_RECEIVES,
    }),
  };
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...redrive } }),
  );
  if (QueueUrl === undefined) throw new Error(`queue '${name}' came without an address`);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const arn = Attributes?.["QueueArn"];
  if (arn === undefined) throw new Error(`queue '${name}' came without its ARN`);
  return { url: QueueUrl, arn };
}

function notification({ id, prefix, suffix }: NotificationRule, { arn }: Queue) {
  return {
    Id: id,
    QueueArn: arn,
    Events: ["s3:ObjectCreated:*" as const],
    Filter: {
      Key: {
        FilterRules: [
          { Name: "prefix" as const, Value: prefix },
          { Name: "suffix" as const, Value: suffix },
        ],
      },
    },
  };
}
