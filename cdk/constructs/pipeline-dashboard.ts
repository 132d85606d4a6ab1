import { Duration } from "aws-cdk-lib";
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  PeriodOverride,
  SingleValueWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { DOLLARS_PER_GB_SECOND } from "../../lib/pipeline/rates.ts";
import type { PipelineSettings } from "../settings.ts";
import type { GpuFleet } from "./gpu-fleet.ts";
import { gpuInstances } from "./metrics.ts";
import type { PipelineFunction } from "./pipeline-function.ts";
import type { WorkQueue } from "./work-queue.ts";

const MINUTE = Duration.minutes(1);
/** EC2 tells its usage no more often. */
const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);
const WIDTH = 8;

/**
 * List prices of us-east-1 on x86, in US dollars, for the dashboard's estimate: an order of
 * magnitude, not a bill.
 */
const LAMBDA_REQUEST = 0.2 / 1e6;
/** Of a g5.xlarge; the price of Spot moves. */
const GPU_HOUR = { spot: 0.45, "on-demand": 1.01 } as const;

export interface PipelineDashboardProps extends Pick<
  PipelineSettings,
  "workerMemory" | "gpuCapacity"
> {
  readonly worker: PipelineFunction;
  readonly channels: WorkQueue;
  readonly gpu: GpuFleet | null;
}

/** What runs, how fast, how well, and about what it costs. */
export class PipelineDashboard extends Construct {
  constructor(scope: Construct, id: string, props: PipelineDashboardProps) {
    super(scope, id);
    new Dashboard(this, "Dashboard", {
      periodOverride: PeriodOverride.INHERIT,
      defaultInterval: Duration.hours(3),
      widgets: [
        [throughput(props), waiting(props), cost(props)],
        [workers(props), ...activation(props)],
      ],
    });
  }
}

/** A message is deleted once its channel has a result. */
function throughput({ channels, gpu }: PipelineDashboardProps): IWidget {
  return new GraphWidget({
    title: "Channels per minute",
    width: WIDTH,
    stacked: true,
    left: [ended(channels, "CPU"), ...(gpu ? [ended(gpu.queue, "GPU")] : [])],
  });
}

function ended({ queue }: WorkQueue, label: string): IMetric {
  return queue.metricNumberOfMessagesDeleted({ period: MINUTE, statistic: "sum", label });
}

function waiting({ channels, gpu }: PipelineDashboardProps): IWidget {
  return new GraphWidget({
    title: "Channels waiting and being rendered",
    width: WIDTH,
    left: [...depth(channels, "CPU"), ...(gpu ? depth(gpu.queue, "GPU") : [])],
  });
}

function depth({ queue }: WorkQueue, label: string): IMetric[] {
  return [
    queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, label: `${label}: wait` }),
    queue.metricApproximateNumberOfMessagesNotVisible({
      period: MINUTE,
      label: `${label}: being rendered`,
    }),
  ];
}

function workers({ worker, gpu, gpuCapacity }: PipelineDashboardProps): IWidget {
  return new GraphWidget({
    title: "Workers",
    width: WIDTH,
    left: [
      worker.function.metric("ConcurrentExecutions", {
        period: MINUTE,
        statistic: "max",
        label: "CPU",
      }),
      ...(gpu ? [gpuInstances(gpuCapacity, FIVE_MINUTES)] : []),
    ],
  });
}

function cost(props: PipelineDashboardProps): IWidget {
  return new SingleValueWidget({
    title: "Estimated cost of workers in the last hour, US dollars",
    width: WIDTH,
    height: 6,
    metrics: [cpuCost(props), ...gpuCost(props)],
  });
}

function cpuCost({ worker, workerMemory }: PipelineDashboardProps): MathExpression {
  // a math expression takes no exponents, so it divides by what a dollar buys
  const msPerDollar = Math.round(1_000 / ((workerMemory / 1_024) * DOLLARS_PER_GB_SECOND));
  const requestsPerDollar = Math.round(1 / LAMBDA_REQUEST);
  return new MathExpression({
    label: "CPU",
    expression: `duration / ${msPerDollar} + invocations / ${requestsPerDollar}`,
    period: HOUR,
    usingMetrics: {
      duration: worker.function.metricDuration({ period: HOUR, statistic: "sum" }),
      invocations: worker.function.metricInvocations({ period: HOUR }),
    },
  });
}

function gpuCost({ gpu, gpuCapacity }: PipelineDashboardProps): MathExpression[] {
  if (gpu === null) return [];
  return [
    new MathExpression({
      label: "GPU",
      expression: `instances * ${GPU_HOUR[gpuCapacity]}`,
      period: HOUR,
      usingMetrics: { instances: gpuInstances(gpuCapacity, HOUR) },
    }),
  ];
}

/** From the workers' log lines "channel ended". */
function activation({ worker, gpu }: PipelineDashboardProps): IWidget[] {
  const logGroups: ILogGroup[] = [worker.logGroup, ...(gpu ? [gpu.logGroup] : [])];
  const logGroupNames = logGroups.map(({ logGroupName }) => logGroupName);
  return [
    new LogQueryWidget({
      title: "Mean final activation strength",
      width: WIDTH,
      height: 6,
      view: LogQueryVisualizationType.LINE,
      logGroupNames,
      queryLines: [
        'filter message = "channel ended" and state = "ok"',
        "stats avg(activation) as activation by bin(5m)",
      ],
    }),
    new LogQueryWidget({
      title: "Jobs: channels ended, activation strength, seconds each",
      width: WIDTH,
      height: 6,
      view: LogQueryVisualizationType.TABLE,
      logGroupNames,
      queryLines: [
        'filter message = "channel ended"',
        "stats count(*) as channels, avg(activation) as meanActivation, avg(seconds) as secondsEach by jobId, state",
        "sort channels desc",
        "limit 20",
      ],
    }),
  ];
}
