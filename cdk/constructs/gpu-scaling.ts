import { Duration } from "aws-cdk-lib";
import {
  AdjustmentType,
  MetricAggregationType,
  StepScalingAction,
} from "aws-cdk-lib/aws-applicationautoscaling";
import { MathExpression } from "aws-cdk-lib/aws-cloudwatch";
import { ApplicationScalingAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { BaseService, ScalableTaskCount } from "aws-cdk-lib/aws-ecs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import { desiredGpuTasks, queueDepth } from "./metrics.ts";
import { raiseAlarm } from "./raise-alarm.ts";

const PERIOD = Duration.minutes(1);
/** Channels waiting or being rendered from which on so many workers are worth starting. */
const STEPS = [
  { channels: 1, tasks: 1 },
  { channels: 200, tasks: 2 },
  { channels: 800, tasks: 4 },
  { channels: 3_200, tasks: 8 },
];
/** Minutes without work before the last worker goes: a start costs about as much. */
const IDLE_MINUTES = 5;

export interface GpuScalingProps {
  readonly service: BaseService;
  readonly queue: Queue;
  readonly maxTasks: number;
}

/** From no worker to many and back, by the channels that wait or are being rendered. */
export class GpuScaling extends Construct {
  constructor(scope: Construct, id: string, { service, queue, maxTasks }: GpuScalingProps) {
    super(scope, id);
    const target = service.autoScaleTaskCount({ minCapacity: 0, maxCapacity: maxTasks });
    // what is being rendered counts: a worker that holds the last messages must not be taken away
    const backlog = queueDepth(queue, "channels waiting or being rendered", PERIOD);
    this.#scaleOut(target, backlog);
    this.#scaleIn(target, idle(service, backlog));
  }

  #scaleOut(target: ScalableTaskCount, backlog: MathExpression): void {
    const action = new StepScalingAction(this, "Out", {
      scalingTarget: target,
      adjustmentType: AdjustmentType.EXACT_CAPACITY,
      metricAggregationType: MetricAggregationType.MAXIMUM,
      cooldown: PERIOD,
    });
    const [first, ...rest] = STEPS;
    const bounds = rest.map(({ channels }) => channels - first!.channels);
    STEPS.forEach(({ tasks }, i) =>
      action.addAdjustment({
        adjustment: tasks,
        lowerBound: i === 0 ? 0 : bounds[i - 1]!,
        ...(i < bounds.length && { upperBound: bounds[i]! }),
      }),
    );
    raiseAlarm(this, "WorkWaits", {
      metric: backlog,
      threshold: first!.channels,
      says: "channels wait for a GPU: more workers",
      runbook: "gpu-scaling",
      action: new ApplicationScalingAction(action),
    });
  }

  #scaleIn(target: ScalableTaskCount, idleness: MathExpression): void {
    const action = new StepScalingAction(this, "In", {
      scalingTarget: target,
      adjustmentType: AdjustmentType.EXACT_CAPACITY,
      metricAggregationType: MetricAggregationType.MINIMUM,
      cooldown: PERIOD,
    });
    action.addAdjustment({ adjustment: 0, lowerBound: 0 });
    raiseAlarm(this, "NothingToDo", {
      metric: idleness,
      threshold: 1,
      evaluationPeriods: IDLE_MINUTES,
      says: "GPU workers have had nothing to do: none is kept",
      runbook: "gpu-scaling",
      action: new ApplicationScalingAction(action),
    });
  }
}

/** 1 while workers are wanted and idle; so a worker that was just woken is given its minutes. */
function idle(service: BaseService, backlog: MathExpression): MathExpression {
  return new MathExpression({
    label: "idle",
    expression: "IF(FILL(desired, 0) > 0, IF(waiting + held > 0, 0, 1), 0)",
    period: PERIOD,
    usingMetrics: { ...backlog.usingMetrics, desired: desiredGpuTasks(service, PERIOD) },
  });
}
