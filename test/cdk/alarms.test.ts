import { expect, test } from "vitest";
import * as z from "zod";

import { ofType, synthesise } from "./support/synthesise.ts";

const stack = synthesise({ gpu: "batch" });

const topicPolicy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      z.object({
        Effect: z.enum(["Allow", "Deny"]),
        Action: z.string(),
        Principal: z.unknown(),
        Condition: z.unknown(),
      }),
    ),
  }),
});
type Statement = z.infer<typeof topicPolicy>["PolicyDocument"]["Statement"][number];

/** A policy replaces the default one, so what it does not allow to a service is refused. */
const mayPublish = (statements: readonly Statement[]) =>
  statements.filter(({ Effect, Action }) => Effect === "Allow" && Action === "sns:Publish");

test("alarms of this account, and nobody else's, may publish to the topic", () => {
  const [[, policy] = []] = ofType(stack, "AWS::SNS::TopicPolicy");
  const { Statement } = topicPolicy.parse(policy?.Properties).PolicyDocument;
  const account = { Ref: "AWS::AccountId" };
  expect(mayPublish(Statement)).toMatchObject([
    {
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Condition: {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: {
          "aws:SourceArn": { "Fn::Join": ["", expect.arrayContaining([account, ":alarm:*"])] },
        },
      },
    },
  ]);
  const tlsAlone = Statement.filter(({ Effect }) => Effect === "Deny");
  expect(tlsAlone).toHaveLength(1);
  expect(mayPublish(tlsAlone)).toEqual([]);
});

const mathAlarm = z.object({
  AlarmDescription: z.string(),
  EvaluationPeriods: z.number(),
  Metrics: z.array(
    z.object({
      Id: z.string(),
      Expression: z.string().optional(),
      MetricStat: z.object({ Metric: z.object({ MetricName: z.string() }) }).optional(),
    }),
  ),
});

/** Periods, expression and the metrics by the names they have in it. */
function alarmAbout(text: string) {
  const found = ofType(stack, "AWS::CloudWatch::Alarm").filter(([, { Properties }]) =>
    String(Properties["AlarmDescription"]).includes(text),
  );
  expect(found).toHaveLength(1);
  const { EvaluationPeriods, Metrics } = mathAlarm.parse(found[0]?.[1].Properties);
  const metrics = Metrics.flatMap(({ Id, MetricStat }) =>
    MetricStat === undefined ? [] : [[Id, MetricStat.Metric.MetricName] as const],
  );
  return {
    periods: EvaluationPeriods,
    expression: Metrics.find(({ Expression }) => Expression !== undefined)?.Expression,
    metrics: Object.fromEntries(metrics),
  };
}

test.each([
  { queue: "requests", periods: 1 },
  { queue: "assembly", periods: 1 },
  // a function empties these: what it cannot end is in its hands but for moments, and stays
  { queue: "channels", periods: 3 },
  { queue: "gpu-channels", periods: 3 },
])("dead letters of $queue call a person, held or not", ({ queue, periods }) => {
  expect(alarmAbout(`messages of the ${queue} queue were given up`)).toEqual({
    periods,
    expression: "waiting + held",
    metrics: {
      waiting: "ApproximateNumberOfMessagesVisible",
      held: "ApproximateNumberOfMessagesNotVisible",
    },
  });
});

test("GPU workers are stalled while channels wait and none ends, however many wait", () => {
  expect(alarmAbout("channels wait for GPU workers, and do not move")).toEqual({
    periods: 3,
    expression: "IF(FILL(ended, 0) == 0, age, 0)",
    metrics: {
      age: "ApproximateAgeOfOldestMessage",
      ended: "NumberOfMessagesDeleted",
    },
  });
});
