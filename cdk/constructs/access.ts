import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { IQueue } from "aws-cdk-lib/aws-sqs";

/** Parts of the bucket, as prefixes of keys. */
export interface ObjectAccess {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** Reading and writing objects under some prefixes. */
export function objectStatements(
  bucket: IBucket,
  { read, write }: ObjectAccess,
): PolicyStatement[] {
  const under = (prefix: string) => bucket.arnForObjects(`${prefix}*`);
  return [
    new PolicyStatement({ actions: ["s3:GetObject"], resources: read.map(under) }),
    new PolicyStatement({ actions: ["s3:PutObject"], resources: write.map(under) }),
    // without it S3 answers 403, not 404, for an object that is not there; a condition on the prefix
    // would take that away again, since a HEAD has none
    new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket.bucketArn] }),
  ];
}

export function sendStatement(...queues: readonly IQueue[]): PolicyStatement {
  return new PolicyStatement({
    actions: ["sqs:SendMessage"],
    resources: queues.map(({ queueArn }) => queueArn),
  });
}

/** What Lambda needs to feed a function from a queue. */
export function consumeStatement(queue: IQueue): PolicyStatement {
  return new PolicyStatement({
    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    resources: [queue.queueArn],
  });
}

/** What a GPU worker needs, which takes its messages and extends and returns them by itself. */
export function gpuQueueStatement(queue: IQueue): PolicyStatement {
  return new PolicyStatement({
    actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
    resources: [queue.queueArn],
  });
}
