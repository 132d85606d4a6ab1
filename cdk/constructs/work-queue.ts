import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import { MAX_RECEIVES } from "../../lib/pipeline/limits.ts";

/** SQS's longest, so that a holiday loses no message. */
const RETENTION = Duration.days(14);

export interface WorkQueueProps {
  /** How long a consumer holds a message it has received. */
  readonly visibilityTimeout: Duration;
  /** The same for a consumer of its dead letters. @default the consumer's */
  readonly deadLetterVisibilityTimeout?: Duration;
}

/** A queue with its dead-letter queue: encrypted, TLS only, MAX_RECEIVES deliveries. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { visibilityTimeout, deadLetterVisibilityTimeout = visibilityTimeout } = props;
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
    };
    this.deadLetterQueue = new Queue(this, "DeadLetters", {
      ...common,
      visibilityTimeout: deadLetterVisibilityTimeout,
    });
    this.queue = new Queue(this, "Queue", {
      ...common,
      visibilityTimeout,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: MAX_RECEIVES },
    });
  }
}

/**
 * Visibility timeout of a queue that feeds a function: six times the function's own, since
 * throttled polls count too.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function visibilityFor(functionTimeout: Duration): Duration {
  return Duration.seconds(6 * functionTimeout.toSeconds());
}
