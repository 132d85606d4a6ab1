import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";

import { MAX_CHANNEL_RECEIVES, MAX_RECEIVES } from "../../lib/pipeline/limits.ts";
import { parseSettings, SETTING_NAMES } from "../../cdk/settings.ts";
import { anchorOf, headings, rowsByName } from "../support/markdown.ts";
import { ofType, type Synthesis, synthesise } from "./support/synthesise.ts";

const readme = readFileSync(new URL("../../cdk/README.md", import.meta.url), "utf8");
const anchors = new Set(headings(readme).map(anchorOf));
const RUNBOOK = /Runbook: cdk\/README\.md#([\w-]+)$/;

const cpu = synthesise();
const gpu = synthesise({ gpu: "batch", alarmEmail: "ops@example.com" });

const alarmSchema = z.object({
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.unknown()).min(1),
  TreatMissingData: z.literal("notBreaching"),
  /** Of a math expression: the expression itself, and what goes into it. */
  Metrics: z.array(z.object({ MetricStat: z.unknown().optional() })).optional(),
});

test.each([
  { name: "CPU", stack: cpu, count: 18 },
  { name: "GPU", stack: gpu, count: 20 },
])("every alarm of the $name stack acts and names a section that exists", ({ stack, count }) => {
  const alarms = alarmsOf(stack);
  expect(alarms).toHaveLength(count);
  const homeless = alarms.filter(({ AlarmDescription }) => {
    const [, anchor = ""] = RUNBOOK.exec(AlarmDescription) ?? [];
    return !anchors.has(anchor);
  });
  expect(homeless).toEqual([]);
});

test("an anchor without a section is found out", () => {
  expect(anchors.has("no-such-section")).toBe(false);
  expect(headings("## A\n```\n# not one\n```\n### B c").map(anchorOf)).toEqual(["a", "b-c"]);
});

test("all that tells a person goes to the topic, to which the given address listens", () => {
  const [[topicId] = []] = ofType(gpu, "AWS::SNS::Topic");
  const toTopic = alarmsOf(gpu).filter(({ AlarmActions }) =>
    AlarmActions.some((action) => JSON.stringify(action) === JSON.stringify({ Ref: topicId })),
  );
  expect(toTopic).toEqual(alarmsOf(gpu));
  expect(ofType(gpu, "AWS::SNS::Subscription")[0]?.[1].Properties).toMatchObject({
    Protocol: "email",
    Endpoint: "ops@example.com",
  });
  expect(ofType(cpu, "AWS::SNS::Subscription")).toEqual([]);
});

test("the runbook counts deliveries as the pipeline does", () => {
  const counts = [...readme.matchAll(/(\S+) (?:times|deliveries|in all)\b/g)].map(([, n]) => n);
  const [work, channels] = [MAX_RECEIVES, MAX_CHANNEL_RECEIVES];
  const limits = [work, channels, channels, work, channels];
  expect(counts).toEqual(limits.map(String));
});

test("the README's standing price is that of the dashboard and of each metric an alarm watches", () => {
  // list prices of CloudWatch, US dollars a month
  const dashboard = 3;
  const perMetric = 0.1;
  const metricsOf = ({ Metrics }: z.infer<typeof alarmSchema>) =>
    Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
  const [least, most] = [cpu, gpu].map((stack) =>
    alarmsOf(stack).reduce((sum, alarm) => sum + perMetric * metricsOf(alarm), dashboard),
  );
  expect(least).toBeCloseTo(5.1);
  expect(most).toBeCloseTo(5.5);
  expect(readme).toMatch(/\| standing: dashboard, 18 to 20 alarms +\| 5 to 6 a month/);
});

test("the README lists every setting, and its default", () => {
  const rows = rowsByName(/### Settings\n([^]*?)\n## /.exec(readme)?.[1] ?? "");
  expect([...rows.keys()].toSorted()).toEqual(SETTING_NAMES.toSorted());
  const { workerThreads: _, tags: __, ...defaults } = parseSettings({});
  for (const [name, value] of Object.entries(defaults)) {
    const cell = rows.get(name)?.[1]?.replaceAll("`", "");
    expect([name, cell]).toEqual([name, String(value ?? WITHOUT[name] ?? "none")]);
  }
});

/** What is taken where nothing is set, other than nothing. */
const WITHOUT: Readonly<Record<string, string>> = {
  cudaImage: "the Dockerfile's tag",
  kmsKey: "S3's own",
};

function alarmsOf(stack: Synthesis) {
  return ofType(stack, "AWS::CloudWatch::Alarm").map(([, { Properties }]) =>
    alarmSchema.parse(Properties),
  );
}
