import type { Duration } from "aws-cdk-lib";
import { MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { Queue } from "aws-cdk-lib/aws-sqs";

import { type PipelineSettings, VCPUS_OF_GPU_INSTANCE } from "../settings.ts";

/**
 * Instances of the G and VT families, on average. Batch has no metric of its workers; EC2 tells the
 * vCPUs that it counts against the quota, of the whole account: of those too that start and idle.
 */
export function gpuInstances(
  capacity: PipelineSettings["gpuCapacity"],
  period: Duration,
): MathExpression {
  return new MathExpression({
    label: "GPU instances of the account",
    expression: `vcpus / ${VCPUS_OF_GPU_INSTANCE}`,
    period,
    usingMetrics: {
      vcpus: new Metric({
        namespace: "AWS/Usage",
        metricName: "ResourceCount",
        dimensionsMap: {
          Service: "EC2",
          Type: "Resource",
          Resource: "vCPU",
          Class: capacity === "spot" ? "G/Spot" : "G/OnDemand",
        },
        statistic: "avg",
        period,
      }),
    },
  });
}

/** Messages that wait and that are held by a consumer: most of them at a time. */
export function queueDepth(queue: Queue, label: string, period: Duration): MathExpression {
  const options = { period, statistic: "max" };
  return new MathExpression({
    label,
    expression: "waiting + held",
    period,
    usingMetrics: {
      waiting: queue.metricApproximateNumberOfMessagesVisible(options),
      held: queue.metricApproximateNumberOfMessagesNotVisible(options),
    },
  });
}
