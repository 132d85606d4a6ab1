import * as z from "zod";

import { type Check, type Checked, has, unless } from "./resource-checks.ts";

/**
 * The metrics that AWS's services send, by the dimensions that they send them with. Source: the
 * CloudWatch chapters of each service's guide.
 */
const METRICS: Readonly<Record<string, readonly [dimensions: string, metrics: RegExp]>> = {
  "AWS/Lambda": ["FunctionName", /^(Invocations|Errors|Throttles|Duration|ConcurrentExecutions)$/],
  "AWS/SQS": [
    "QueueName",
    /^(ApproximateNumberOfMessages(NotV|V)isible|ApproximateAgeOfOldestMessage|NumberOfMessages(Sent|Received|Deleted))$/,
  ],
  "AWS/ApiGateway": ["ApiName", /^(4XXError|5XXError|Count|Latency|IntegrationLatency)$/],
};

const metricSchema = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
});
const alarmSchema = z.object({
  Metrics: z
    .array(z.object({ MetricStat: z.object({ Metric: metricSchema }).optional() }))
    .optional(),
  AlarmActions: z.array(z.object({ Ref: z.string() })).length(1),
});

export const alarmCheck: Check = (checked) => {
  const { stack, Properties } = checked;
  const { Metrics, AlarmActions } = alarmSchema.parse(Properties);
  const metrics = Metrics
    ? Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])
    : [metricSchema.parse(Properties)];
  const action = stack.resources[AlarmActions[0]!.Ref]?.Type ?? "";
  return [
    ...unless(metrics.length > 0, "looks at no metric"),
    ...metrics.flatMap((metric) => metricProblems(checked, metric)),
    ...unless(action.endsWith("SNS::Topic"), `its action is a ${action}`),
    ...has(checked, { TreatMissingData: "notBreaching" }),
  ];
};

function metricProblems(
  { stack: { resources } }: Checked,
  { Namespace, MetricName, Dimensions }: z.infer<typeof metricSchema>,
): readonly string[] {
  const [dimensions, known] = METRICS[Namespace] ?? ["", /^$/];
  const given = Dimensions.map(({ Name }) => Name).toSorted();
  const apis = Object.values(resources).flatMap(({ Type, Properties }) =>
    Type === "AWS::ApiGateway::RestApi" ? [Properties["Name"]] : [],
  );
  return [
    ...unless(known.test(MetricName), `${Namespace} has no metric ${MetricName}`),
    ...unless(given.join() === dimensions, `${MetricName} has the dimensions ${dimensions}`),
    ...unless(
      Namespace !== "AWS/ApiGateway" || apis.includes(Dimensions[0]?.Value),
      `there is no API '${String(Dimensions[0]?.Value)}'`,
    ),
  ];
}
