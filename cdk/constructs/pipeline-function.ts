import { Duration, type Size } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  type Code,
  EventSourceMapping,
  Function as LambdaFunction,
  LoggingFormat,
  type RecursiveLoop,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import type { EventSourceFigures } from "../../functions/delivery.ts";
import { consumeStatement, holdStatement, sendStatement } from "./access.ts";
import { acknowledge } from "./acknowledge.ts";
import { createLogGroup } from "./log-group.ts";

export interface PipelineFunctionProps {
  readonly description: string;
  /** Folder with `index.mjs`. */
  readonly code: Code;
  /** MB. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /** @default Lambda's smallest, 512 MB */
  readonly disk?: Size;
  /** @default Lambda ends a chain of invocations in which the function has been called 16 times */
  readonly recursiveLoop?: RecursiveLoop;
  readonly environment: Readonly<Record<string, string>>;
  /** What it may do, besides writing its log and its trace. */
  readonly statements: readonly PolicyStatement[];
}

export interface ConsumerOptions extends EventSourceFigures {
  /** Whether the function itself says when failed messages come back. @default false */
  readonly redeliversSoon?: boolean;
  /** Whether it sends messages to the queue that feeds it. @default false */
  readonly sendsOn?: boolean;
}

/** A function with its own role and log group: no managed policies, no rights by default. */
export class PipelineFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    this.logGroup = createLogGroup(this, "Logs");
    this.#role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    });
    for (const statement of [writeLog(this.logGroup), ...props.statements]) {
      this.#role.addToPolicy(statement);
    }
    this.function = new LambdaFunction(this, "Function", {
      description: props.description,
      code: props.code,
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      // the native packages in the zip are for linux/x64
      architecture: Architecture.X86_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
      ...(props.disk && { ephemeralStorageSize: props.disk }),
      ...(props.recursiveLoop && { recursiveLoop: props.recursiveLoop }),
      role: this.#role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      environment: { ...props.environment, NODE_OPTIONS: "--enable-source-maps" },
    });
    acknowledge(this.#role, {
      "AwsSolutions-IAM5[Resource::*]":
        "xray:PutTraceSegments and xray:PutTelemetryRecords know no resources; no other statement is without one, which a test asserts",
    });
  }

  /** Feeds the function from a queue; each message of a batch succeeds or fails by itself. */
  consume(queue: IQueue, options: ConsumerOptions): void {
    const { batchSize, batchingWindowSeconds, maxConcurrency, redeliversSoon = false } = options;
    this.#role.addToPolicy(consumeStatement(queue));
    if (redeliversSoon) {
      this.#role.addToPolicy(holdStatement(queue));
      this.function.addEnvironment("SOURCE_QUEUE_URL", queue.queueUrl);
    }
    if (options.sendsOn) this.#role.addToPolicy(sendStatement(queue));
    new EventSourceMapping(this, `From${queue.node.scope?.node.id}`, {
      target: this.function,
      eventSourceArn: queue.queueArn,
      reportBatchItemFailures: true,
      batchSize,
      ...(batchingWindowSeconds > 0 && {
        maxBatchingWindow: Duration.seconds(batchingWindowSeconds),
      }),
      maxConcurrency,
    });
  }
}

function writeLog(logGroup: LogGroup): PolicyStatement {
  return new PolicyStatement({
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [logGroup.logGroupArn],
  });
}
