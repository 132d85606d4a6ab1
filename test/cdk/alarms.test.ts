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

const queueName = z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("QueueName")]) });
const dimension = z
  .array(
    z.object({
      Value: z.union([
        z.string(),
        z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
        queueName.transform((value) => value["Fn::GetAtt"][0]),
      ]),
    }),
  )
  .length(1)
  .transform(([only]) => only!.Value.replace(/[0-9A-F]{8}$/, ""));
const metric = z.object({ MetricName: z.string(), Dimensions: dimension });
const threshold = {
  ComparisonOperator: z.literal("GreaterThanOrEqualToThreshold"),
  Threshold: z.number(),
  EvaluationPeriods: z.number(),
};
const plainAlarm = metric.extend({
  ...threshold,
  Period: z.literal(300),
  Statistic: z.enum(["Sum", "Maximum"]),
});
const anyMathAlarm = z.object({
  ...threshold,
  Metrics: z
    .array(
      z.union([
        z.object({ Expression: z.string(), ReturnData: z.literal(true).optional() }),
        z.object({
          MetricStat: z.object({ Metric: metric, Period: z.literal(300), Stat: z.string() }),
          ReturnData: z.literal(false),
        }),
      ]),
    )
    .length(3),
});

/** Of what, which figure of five minutes, how much of it, and for how many times five minutes. */
type Raised = readonly [of: string, figure: string, atLeast: number, periods: number];

function raisedBy(Properties: unknown): Raised {
  const plain = plainAlarm.safeParse(Properties);
  if (plain.success) {
    const { MetricName, Dimensions, Statistic, Threshold, EvaluationPeriods } = plain.data;
    return [Dimensions, `${Statistic} ${MetricName}`, Threshold, EvaluationPeriods];
  }
  const { Metrics, Threshold, EvaluationPeriods } = anyMathAlarm.parse(Properties);
  const stats = Metrics.flatMap((each) => ("MetricStat" in each ? [each.MetricStat] : []));
  const of = [...new Set(stats.map(({ Metric }) => Metric.Dimensions))].join();
  const figures = stats.map(({ Metric, Stat }) => `${Stat} ${Metric.MetricName}`);
  return [of, figures.join(" and "), Threshold, EvaluationPeriods];
}

const held =
  "Maximum ApproximateNumberOfMessagesVisible and Maximum ApproximateNumberOfMessagesNotVisible";
const age = "Maximum ApproximateAgeOfOldestMessage";
const ofFunction = (name: string): Record<string, Raised> => ({
  [`${name}errors`]: [`Functions${name}Function`, "Sum Errors", 1, 2],
  [`${name}throttles`]: [`Functions${name}Function`, "Sum Throttles", 1, 3],
});

test("each alarm watches what it is called after, and is raised as soon as the runbook counts on", () => {
  const alarms = ofType(stack, "AWS::CloudWatch::Alarm").map(
    ([id, { Properties }]) => [id.slice("Alarms".length, -8), raisedBy(Properties)] as const,
  );
  expect(Object.fromEntries(alarms)).toEqual({
    requestsdeadletters: ["RequestsDeadLetters", held, 1, 1],
    assemblydeadletters: ["AssemblyDeadLetters", held, 1, 1],
    channelsdeadletters: ["ChannelsDeadLetters", held, 1, 3],
    gpuchannelsdeadletters: ["GpuChannelsDeadLetters", held, 1, 3],
    channelsgivenup: ["FunctionsdeadletterFunction", "Sum Invocations", 1, 1],
    // requests and results are dealt with in seconds; workers are busy for hours, not for a day
    requestsold: ["RequestsQueue", age, 15 * 60, 2],
    assemblyold: ["AssemblyQueue", age, 30 * 60, 2],
    channelsold: ["ChannelsQueue", age, 6 * 3_600, 2],
    gpustalled: ["GpuChannelsQueue", `${age} and Sum NumberOfMessagesDeleted`, 20 * 60, 3],
    apiservererrors: ["Dreamgrid", "Sum 5XXError", 1, 1],
    ...ofFunction("intake"),
    ...ofFunction("worker"),
    ...ofFunction("assembler"),
    ...ofFunction("deadletter"),
    ...ofFunction("api"),
  });
});
