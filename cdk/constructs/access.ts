import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { IConstruct } from "constructs";

import type { Access } from "../../functions/access.ts";
import { ACCESS as API } from "../../functions/api/access.ts";
import { ACCESS as ASSEMBLER } from "../../functions/assembler/access.ts";
import { ACCESS as DEAD_LETTER } from "../../functions/dead-letter/access.ts";
import { ACCESS as GPU_WORKER } from "../../functions/gpu-worker/access.ts";
import { ACCESS as INTAKE } from "../../functions/intake/access.ts";
import { ACCESS as WORKER } from "../../functions/worker/access.ts";
import { acknowledge, logicalId } from "./acknowledge.ts";

/** What each function may touch, as its own folder says. */
export const ACCESS_OF = {
  intake: INTAKE,
  worker: WORKER,
  "gpu-worker": GPU_WORKER,
  assembler: ASSEMBLER,
  "dead-letter": DEAD_LETTER,
  api: API,
} as const satisfies Record<string, Access>;

/** Accepts, in everything under `scope`, that statements name the bucket's objects by prefix. */
export function acknowledgePrefixes(scope: IConstruct, bucket: IBucket): void {
  const prefixes = new Set(
    Object.values(ACCESS_OF).flatMap(({ read, write }) => [...read, ...write]),
  );
  for (const prefix of prefixes) {
    acknowledge(scope, {
      [`AwsSolutions-IAM5[Resource::<${logicalId(bucket)}.Arn>/${prefix}*]`]:
        "objects are named after jobs that do not exist yet; the statement is for this prefix of the job bucket and for s3:GetObject, s3:PutObject or s3:DeleteObject alone, and each function has only the prefixes it works with",
    });
  }
}

/** Reading, writing and deleting the objects that a function may touch. */
export function objectStatements(
  bucket: IBucket,
  { read, write, delete: deleted = [] }: Access,
): PolicyStatement[] {
  const under = (prefix: string) => bucket.arnForObjects(`${prefix}*`);
  return [
    new PolicyStatement({ actions: ["s3:GetObject"], resources: read.map(under) }),
    new PolicyStatement({ actions: ["s3:PutObject"], resources: write.map(under) }),
    ...(deleted.length > 0
      ? [new PolicyStatement({ actions: ["s3:DeleteObject"], resources: deleted.map(under) })]
      : []),
    // without it S3 answers 403, not 404, for an object that is not there; a condition on the
    // prefix would take that away again, since a HEAD has none
    new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
  ];
}

/** Using the key that encrypts the bucket's objects, where there is one. */
export function keyStatements(key: IKey | null): PolicyStatement[] {
  if (key === null) return [];
  const actions = ["kms:Decrypt", "kms:GenerateDataKey"];
  return [new PolicyStatement({ actions, resources: [key.keyArn] })];
}

export const sendStatement = queueStatement("sqs:SendMessage");

/** What Lambda needs to feed a function from a queue. */
export const consumeStatement = queueStatement(
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:GetQueueAttributes",
);

/** What a function needs that holds and gives back the messages it is called with. */
export const holdStatement = queueStatement("sqs:ChangeMessageVisibility");

/** What a GPU worker needs, which takes its messages and extends and returns them by itself. */
export const gpuQueueStatement = queueStatement(
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:ChangeMessageVisibility",
);

function queueStatement(...actions: readonly string[]) {
  return (...queues: readonly IQueue[]): PolicyStatement =>
    new PolicyStatement({
      actions: [...actions],
      resources: queues.map(({ queueArn }) => queueArn),
    });
}
