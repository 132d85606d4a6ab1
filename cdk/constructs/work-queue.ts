import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

/** SQS's longest, so that a holiday loses no message. */
const RETENTION = Duration.days(14);

export interface WorkQueueProps {
  /** How long a consumer holds a message it has received. */
  readonly visibilitySeconds: number;
  /** Deliveries before a message goes to the dead-letter queue. */
  readonly maxReceives: number;
  /** The same for a consumer of its dead letters. @default the consumer's */
  readonly deadLetterVisibilitySeconds?: number;
}

/** A queue with its dead-letter queue: encrypted, TLS only, a limit of deliveries. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { visibilitySeconds, deadLetterVisibilitySeconds = visibilitySeconds } = props;
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
    };
    this.deadLetterQueue = new Queue(this, "DeadLetters", {
      ...common,
      visibilityTimeout: Duration.seconds(deadLetterVisibilitySeconds),
    });
    this.queue = new Queue(this, "Queue", {
      ...common,
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: props.maxReceives },
    });
  }
}
