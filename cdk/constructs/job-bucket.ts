import { Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  type IBucket,
  ObjectOwnership,
} from "aws-cdk-lib/aws-s3";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";

import {
  ATLAS_PREFIX,
  EXPLANATION_PREFIX,
  JOB_PREFIX,
  type NotificationRule,
  REQUEST_NOTIFICATION,
  REQUEST_PREFIX,
  RESPONSE_PREFIX,
  CHECKPOINT_PREFIX,
  RESULT_NOTIFICATIONS,
  UPLOAD_PREFIX,
} from "../../lib/pipeline/keys.ts";
import { asBucket } from "./as-interface.ts";

const ACCESS_LOG_RETENTION = Duration.days(90);

export interface JobBucketProps {
  /** Hears of every request put into the drop zone. */
  readonly requestQueue: Queue;
  /** Hears of every result. */
  readonly assemblyQueue: Queue;
  /** How long requests, uploads and jobs are kept; networks stay. */
  readonly retention: Duration;
  /** By which the objects are encrypted. @default S3's own */
  readonly key: IKey | null;
}

/** Everything the pipeline keeps, and the notifications that set it going. */
export class JobBucket extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: JobBucketProps) {
    super(scope, id);
    const common = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    };
    const accessLogs = new Bucket(this, "AccessLogs", {
      ...common,
      // log delivery knows no other
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: ACCESS_LOG_RETENTION }],
    });
    const expiring = [
      REQUEST_PREFIX,
      RESPONSE_PREFIX,
      UPLOAD_PREFIX,
      CHECKPOINT_PREFIX,
      ATLAS_PREFIX,
      EXPLANATION_PREFIX,
      JOB_PREFIX,
    ];
    const bucket = new Bucket(this, "Bucket", {
      ...common,
      ...(props.key
        ? { encryption: BucketEncryption.KMS, encryptionKey: props.key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      serverAccessLogsBucket: asBucket(accessLogs),
      lifecycleRules: [
        ...expiring.map((prefix) => ({ prefix, expiration: props.retention })),
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    this.bucket = asBucket(bucket);
    this.#notify([
      { queue: props.requestQueue, rules: [REQUEST_NOTIFICATION] },
      { queue: props.assemblyQueue, rules: RESULT_NOTIFICATIONS },
    ]);
  }

  /** Set on the resource itself: the L2 method deploys a custom resource to do the same. */
  #notify(targets: readonly { queue: Queue; rules: readonly NotificationRule[] }[]): void {
    const resource = this.bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new Error("internal: a bucket is no CfnBucket");
    for (const { queue } of targets) {
      allowNotifications(queue);
      // S3 refuses a rule whose queue it may not write to
      resource.node.addDependency(queue.node.findChild("Policy"));
    }
    resource.notificationConfiguration = {
      // for the rule of job-events.ts, and whatever rules the account's owner adds
      eventBridgeConfiguration: { eventBridgeEnabled: true },
      queueConfigurations: targets.flatMap(({ queue, rules }) =>
        rules.map(({ prefix, suffix }) => ({
          event: "s3:ObjectCreated:*",
          queue: queue.queueArn,
          filter: {
            s3Key: {
              rules: [
                { name: "prefix", value: prefix },
                { name: "suffix", value: suffix },
              ],
            },
          },
        })),
      ),
    };
  }
}

/** By account, not by bucket: the bucket waits for this policy, which so cannot name it. */
function allowNotifications(queue: Queue): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: "NotificationsOfThisAccountsBuckets",
      principals: [new ServicePrincipal("s3.amazonaws.com")],
      actions: ["sqs:SendMessage"],
      resources: [queue.queueArn],
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(queue).account } },
    }),
  );
}
