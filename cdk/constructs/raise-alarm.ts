import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";

export interface AlarmFacts {
  readonly metric: IMetric;
  /** The alarm is raised once the metric has reached it. */
  readonly threshold: number;
  /** @default 1 */
  readonly evaluationPeriods?: number;
  readonly says: string;
  /** Heading of cdk/README.md as its address there. */
  readonly runbook: string;
  readonly action: IAlarmAction;
}

export function raiseAlarm(scope: Construct, id: string, facts: AlarmFacts): Alarm {
  const { metric, threshold, evaluationPeriods = 1, says, runbook, action } = facts;
  const alarm = new Alarm(scope, id, {
    alarmDescription: `${says}. Runbook: cdk/README.md#${runbook}`,
    metric,
    threshold,
    evaluationPeriods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // idle functions report nothing, nor do queues unused for six hours
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(action);
  return alarm;
}
