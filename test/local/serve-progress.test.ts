import { expect, test } from "vitest";

import type { PipelineEvent } from "../../local/pipeline-events.ts";
import { ServeProgress } from "../../local/serve-progress.ts";

/** Lines that events print, at the times that are set. */
function watched(linkTo: (key: string) => Promise<string> = async (key) => `http://link/${key}`) {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const print = (line: string) => void lines.push(line);
  const { listener } = new ServeProgress({ print, linkTo, nowMs: () => clock.ms });
  const tell = (event: object) => {
    lines.length = 0;
    listener(event as PipelineEvent);
    return lines;
  };
  return { tell, clock, lines };
}

const progress = (fields: object) => ({
  kind: "progress",
  progress: {
    jobId: "a",
    state: "running",
    total: 20,
    ok: 0,
    failed: 0,
    cancelled: 0,
    meanActivation: null,
    ...fields,
  },
});

test("a job's progress is told every second, with the time left at the speed since its first", () => {
  const { tell, clock } = watched();
  clock.ms = 5_000;
  expect(tell(progress({ ok: 2 }))).toEqual(["job a: 2 of 20 channels"]);
  clock.ms = 5_999;
  expect(tell(progress({ ok: 3 }))).toEqual([]);
  expect(tell(progress({ jobId: "b", ok: 1 }))).toEqual(["job b: 1 of 20 channels"]);
  clock.ms = 6_000;
  expect(tell(progress({ ok: 2 }))).toEqual(["job a: 2 of 20 channels"]);
  clock.ms = 11_000;
  // four in 6 s; 14 are left
  const ends = { ok: 3, failed: 2, cancelled: 1, meanActivation: 12.3456 };
  expect(tell(progress(ends))).toEqual([
    "job a: 3 of 20 channels, 2 failed, 1 cancelled, mean activation 12.35, 21 s left",
  ]);
  clock.ms = 20_000;
  expect(tell(progress({ state: "completed", ok: 20 }))).toEqual([]);
});

test("a job that was deleted, and is drawn again, counts anew", () => {
  const { tell, clock } = watched();
  tell(progress({ ok: 2 }));
  clock.ms = 10_000;
  expect(tell(progress({ ok: 0 }))).toEqual(["job a: 0 of 20 channels"]);
  clock.ms = 14_000;
  expect(tell(progress({ ok: 2 }))).toEqual(["job a: 2 of 20 channels, 36 s left"]);
});

test("the end is told with a link, and the same job again counts anew", async () => {
  const { tell, clock, lines } = watched();
  tell(progress({ ok: 2 }));
  clock.ms = 500;
  const completion = { jobId: "a", state: "completed_with_failures", total: 20, ok: 19 };
  tell({ kind: "completed", completion: { ...completion, montage: "jobs/a/montage.png" } });
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual([
    "job a: completed with failures, 19 of 20 channels; the sheet, for an hour:\n  http://link/jobs/a/montage.png",
  ]);
  expect(tell(progress({ ok: 19 }))).toEqual(["job a: 19 of 20 channels"]);
});

test("a link that cannot be made is told of", async () => {
  const { tell, lines } = watched(() => Promise.reject(new Error("no credentials")));
  tell({ kind: "completed", completion: { jobId: "a", state: "completed", total: 1, ok: 1 } });
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual(["no link to the sheet: Error: no credentials"]);
});

test.each<[string, object, readonly string[]]>([
  [
    "an accepted job",
    {
      kind: "accepted",
      plan: { jobId: "a", network: { id: "n" }, layer: { name: "l" }, total: 3 },
    },
    ["job a: accepted, n / l, 3 channels"],
  ],
  [
    "an upload that is a job",
    {
      kind: "answered",
      key: "requests/x.json",
      acceptance: { status: "accepted", jobId: "a", plan: { total: 3 } },
    },
    ["requests/x.json: job a, 3 channels"],
  ],
  [
    "an upload that is none",
    {
      kind: "answered",
      key: "requests/x.json",
      acceptance: { status: "rejected", problems: ["one", "two"] },
    },
    ["requests/x.json: rejected\n  one\n  two"],
  ],
  [
    "a channel that failed",
    { kind: "result", result: { state: "failed", jobId: "a", channel: 4, reason: "tired" } },
    ["job a: channel 4 failed: tired"],
  ],
  ["one that did not", { kind: "result", result: { state: "ok", jobId: "a", channel: 4 } }, []],
  [
    "a message that nobody could answer",
    { kind: "given-up", error: new Error("no"), body: "{}" },
    ["not answered, and given up: Error: no; the message: {}"],
  ],
  ["a step", { kind: "step", jobId: "a" }, []],
])("%s", (_, event, wanted) => {
  expect(watched().tell(event)).toEqual(wanted);
});
