import type { Duration } from "aws-cdk-lib";
import { MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { BaseService } from "aws-cdk-lib/aws-ecs";
import type { Queue } from "aws-cdk-lib/aws-sqs";

/** Workers wanted, whether or not there is an instance for them. From Container Insights. */
export function desiredGpuTasks(service: BaseService, period: Duration): Metric {
  return containerInsights(service, "DesiredTaskCount", period);
}

/** Workers that run. */
export function runningGpuTasks(service: BaseService, period: Duration): Metric {
  return containerInsights(service, "RunningTaskCount", period);
}

function containerInsights(service: BaseService, metricName: string, period: Duration): Metric {
  return new Metric({
    namespace: "ECS/ContainerInsights",
    metricName,
    dimensionsMap: {
      ClusterName: service.cluster.clusterName,
      ServiceName: service.serviceName,
    },
    statistic: "max",
    period,
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
