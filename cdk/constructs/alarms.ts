import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { RestApi } from "aws-cdk-lib/aws-apigateway";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";

import type { GpuFleet } from "./gpu-fleet.ts";
import { queueDepth } from "./metrics.ts";
import type { PipelineFunction } from "./pipeline-function.ts";
import type { LambdaFunctionName } from "./pipeline-functions.ts";
import type { WorkQueue } from "./work-queue.ts";

const FIVE_MINUTES = Duration.minutes(5);

type WatchedQueue = "requests" | "assembly" | "channels";

/**
 * How long a message may wait. Requests and results are dealt with in seconds; workers may be busy
 * for hours with a large job, but not for a working day.
 */
const PATIENCE_SECONDS: Readonly<Record<WatchedQueue, number>> = {
  requests: 900,
  assembly: 1_800,
  channels: 6 * 3_600,
};
/** A Spot instance and its image take five to ten minutes. */
const GPU_START_SECONDS = 1_200;

export interface AlarmsProps {
  readonly functions: Readonly<Record<LambdaFunctionName, PipelineFunction>>;
  readonly queues: Readonly<Record<WatchedQueue, WorkQueue>>;
  readonly api: RestApi;
  readonly gpu: GpuFleet | null;
  readonly email: string | null;
}

interface AlarmFacts {
  readonly metric: IMetric;
  /** The alarm is raised once the metric has reached it. */
  readonly threshold: number;
  /** @default 1 */
  readonly evaluationPeriods?: number;
  readonly says: string;
  /** Heading of cdk/README.md as its address there. */
  readonly runbook: string;
}

/** Everything a person should hear of, each with the section of the runbook to open. */
export class Alarms extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, "Topic", { enforceSSL: true });
    letAlarmsPublish(this.topic);
    if (props.email !== null) this.topic.addSubscription(new EmailSubscription(props.email));
    this.#watchQueues(props);
    for (const [name, pipelineFunction] of Object.entries(props.functions)) {
      this.#watchFunction(name, pipelineFunction);
    }
    this.#raise("api-server-errors", {
      metric: props.api.metricServerError({ period: FIVE_MINUTES, statistic: "sum" }),
      threshold: 1,
      says: "the API answered with a server error",
      runbook: "function-errors",
    });
    if (props.gpu !== null) this.#watchGpu(props.gpu);
  }

  #watchQueues({ queues, gpu, functions }: AlarmsProps): void {
    const toPeople = { requests: queues.requests, assembly: queues.assembly };
    for (const [name, queue] of Object.entries(toPeople)) {
      this.#watchDeadLetters(name, queue, { evaluationPeriods: 1 });
    }
    const toFunction = { channels: queues.channels, ...(gpu && { "gpu-channels": gpu.queue }) };
    for (const [name, queue] of Object.entries(toFunction)) {
      // the dead-letter function is given time to do its work
      this.#watchDeadLetters(name, queue, { evaluationPeriods: 3 });
    }
    this.#raise("channels-given-up", {
      metric: functions["dead-letter"].function.metricInvocations({ period: FIVE_MINUTES }),
      threshold: 1,
      says: "no worker finished some channels on any delivery; they were ended as failed",
      runbook: "channels-given-up",
    });
    for (const name of ["requests", "assembly", "channels"] as const) {
      this.#raise(`${name}-old`, {
        metric: queues[name].queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES }),
        threshold: PATIENCE_SECONDS[name],
        evaluationPeriods: 2,
        says: `the oldest message of the ${name} queue has waited for ${PATIENCE_SECONDS[name] / 60} minutes`,
        runbook: "old-messages",
      });
    }
  }

  /** Counts held messages too: a failing function holds one only briefly. */
  #watchDeadLetters(
    name: string,
    { deadLetterQueue }: WorkQueue,
    { evaluationPeriods }: { readonly evaluationPeriods: number },
  ): void {
    this.#raise(`${name}-dead-letters`, {
      metric: queueDepth(deadLetterQueue, "dead letters", FIVE_MINUTES),
      threshold: 1,
      evaluationPeriods,
      says: `messages of the ${name} queue were given up and wait in its dead-letter queue`,
      runbook: "dead-letters",
    });
  }

  #watchFunction(name: string, { function: lambda }: PipelineFunction): void {
    this.#raise(`${name}-errors`, {
      metric: lambda.metricErrors({ period: FIVE_MINUTES }),
      threshold: 1,
      evaluationPeriods: 2,
      says: `the ${name} function fails`,
      runbook: "function-errors",
    });
    this.#raise(`${name}-throttles`, {
      metric: lambda.metricThrottles({ period: FIVE_MINUTES }),
      threshold: 1,
      evaluationPeriods: 3,
      says: `the ${name} function is throttled: the account's concurrency is used up`,
      runbook: "throttles",
    });
  }

  /**
   * Where an account has no quota for GPU instances the deployment succeeds and jobs hang. The last
   * channels of a large job wait for long too, so it counts only while no channel ends.
   */
  #watchGpu(fleet: GpuFleet): void {
    const { queue } = fleet.queue;
    const stalled = this.#raise("gpu-stalled", {
      metric: new MathExpression({
        label: "age of the oldest channel while none ends",
        expression: "IF(FILL(ended, 0) == 0, age, 0)",
        period: FIVE_MINUTES,
        usingMetrics: {
          age: queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES }),
          ended: queue.metricNumberOfMessagesDeleted({ period: FIVE_MINUTES, statistic: "sum" }),
        },
      }),
      threshold: GPU_START_SECONDS,
      evaluationPeriods: 3,
      says: "channels wait for GPU workers, and do not move",
      runbook: "gpu-stalled",
    });
    fleet.replaceLostWorkers(stalled);
  }

  #raise(id: string, { says, runbook, evaluationPeriods = 1, ...facts }: AlarmFacts): Alarm {
    const alarm = new Alarm(this, id, {
      ...facts,
      alarmDescription: `${says}. Runbook: cdk/README.md#${runbook}`,
      evaluationPeriods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // idle functions report nothing, nor do queues unused for six hours
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }
}

/**
 * A topic with a policy of its own, here that of TLS, loses the default one, by which alarms of the
 * account may publish. https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
 */
function letAlarmsPublish(topic: Topic): void {
  const { account, partition, region } = Stack.of(topic);
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsOfThisAccount",
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: { "aws:SourceArn": `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` },
      },
    }),
  );
}
