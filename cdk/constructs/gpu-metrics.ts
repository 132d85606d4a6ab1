import type { Duration } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { BaseService } from "aws-cdk-lib/aws-ecs";

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
