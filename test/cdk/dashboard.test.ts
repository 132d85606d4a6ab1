import { expect, test } from "vitest";
import * as z from "zod";

import { endingOf } from "../../functions/log-channels.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { GOOD_CARD } from "../support/fake-renderer.ts";
import { ofType, synthesise } from "./support/synthesise.ts";

const stack = synthesise({ gpu: "batch" });

const RENDERED: ChannelResult = {
  version: 1,
  jobId: "job",
  channel: 7,
  channelIndex: 6,
  attempts: 1,
  finishedAt: "2026-11-01T00:00:00.000Z",
  state: "ok",
  tile: { key: "jobs/job/tiles/00007.png", sha256: "0".repeat(64), width: 3, height: 4 },
  raw: null,
  activation: 5,
  trace: [],
  seconds: 2,
  provider: "cpu",
  seed: 1,
  restarts: 0,
  quality: { ...GOOD_CARD, marks: [], redrawn: false },
};

const LANGUAGE = ["filter", "and", "stats", "count", "avg", "as", "by", "bin", "m"];
const MORE = ["sort", "desc", "limit"];

/**
 * Names in a query of Logs Insights that are neither its language nor given by the query itself.
 */
function fieldsOf(query: string): string[] {
  // the log groups and the texts
  const plain = query.replaceAll(/SOURCE '[^']*' \||"[^"]*"/g, "");
  const given = [...plain.matchAll(/\bas (\w+)/g)].map(([, name = ""]) => name);
  const words = [...plain.replaceAll(/\bas \w+/g, "").matchAll(/[A-Za-z]\w*/g)];
  const isField = (word: string) =>
    ![...LANGUAGE, ...MORE, ...given.filter((name) => !LOGGED.includes(name))].includes(word);
  return [...new Set(words.map(([word]) => word).filter(isField))].toSorted();
}

const LOGGED = ["message", ...Object.keys(endingOf(RENDERED))];

const joined = z.object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) });
const dashboardBody = z.object({
  widgets: z.array(
    z.object({ type: z.string(), properties: z.object({ query: z.string().optional() }) }),
  ),
});

test("the dashboard's queries read fields that the workers log", () => {
  const [[, dashboard] = []] = ofType(stack, "AWS::CloudWatch::Dashboard");
  const [, parts] = joined.parse(dashboard?.Properties["DashboardBody"])["Fn::Join"];
  const text = parts.map((part) => (typeof part === "string" ? part : "reference")).join("");
  const queries = dashboardBody
    .parse(JSON.parse(text))
    .widgets.flatMap(({ properties: { query } }) => query ?? []);
  expect(queries.map(fieldsOf)).toEqual([
    ["activation", "message", "state"],
    ["activation", "jobId", "message", "seconds", "state"],
  ]);
  expect(LOGGED).toEqual(expect.arrayContaining(queries.flatMap(fieldsOf)));
});

test("a field that nobody logs is found out", () => {
  expect(fieldsOf('filter message = "channel ended" | stats avg(strength) as a by jobId')).toEqual([
    "jobId",
    "message",
    "strength",
  ]);
});
