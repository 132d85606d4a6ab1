import { expect, test } from "vitest";

import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { describeSeconds, DreamProgress } from "../../../local/cli/dream-progress.ts";
import type { ProgressBar, Terminal } from "../../../local/cli/terminal.ts";

function terminalWith(bar: ProgressBar): Terminal {
  return {
    env: {},
    isWatched: false,
    print: () => {},
    note: () => {},
    progressBar: () => bar,
    analyse: () => Promise.reject(new Error("nothing is analysed here")),
    startAnalysis: () => undefined,
    readInput: async () => new Uint8Array(),
  };
}

test("the bar counts the iterations of every request from the start", () => {
  const shown: [number, number | null][] = [];
  const bar = {
    show: (done: number, total: number | null) => void shown.push([done, total]),
    end: () => {},
  };
  const request = (count: number, numIterations: number, pyramidLevels: number) => {
    const channels = Array.from({ length: count }, (_, i) => i + 1);
    const fields = { channels, numIterations, pyramidLevels };
    return completeRequestSchema.parse({ network: "n", layer: 2, ...fields });
  };
  const progress = new DreamProgress(
    [
      { name: "first", request: request(36, 10, 1) },
      { name: "second", request: request(6, 100, 2) },
    ],
    terminalWith(bar),
  );
  const step = { kind: "step" } as const;
  progress.show({ ...step, request: 0, progress: at(4, 1, 7) });
  progress.show({ ...step, request: 1, progress: at(3, 2, 5) });
  expect(shown).toEqual([
    [7, 36 * 10 + 6 * 200],
    [7 + 105, 36 * 10 + 6 * 200],
  ]);
});

function at(channel: number, level: number, iteration: number) {
  return { channel, level, iteration, activation: 0 };
}

test("the time left is that of the iterations to come, at the speed so far", () => {
  let nowMs = 0;
  const bar = {
    show: (_: number, __: number | null, detail?: string) => void (told = detail),
    end: () => {},
  };
  let told: string | undefined;
  const fields = { channels: [1, 2], numIterations: 100, pyramidLevels: 1 };
  const request = completeRequestSchema.parse({ network: "n", layer: 2, ...fields });
  const progress = new DreamProgress([{ name: "a", request }], terminalWith(bar), () => nowMs);
  const step = (channel: number, iteration: number) =>
    progress.show({ kind: "step", request: 0, progress: at(channel, 1, iteration) });
  // ten were done by then: their time is not known
  step(1, 10);
  expect(progress.secondsLeft()).toBeNull();
  nowMs = 2_000;
  step(1, 30);
  expect(progress.secondsLeft(), "too early to tell").toBeNull();
  nowMs = 8_000;
  step(1, 50);
  expect(progress.secondsLeft()).toBeCloseTo(150 / 5, 10);
  expect(told).toMatch(/^30 s left, a: channel 1/);
});

test("images that an earlier run drew say nothing of the speed", () => {
  let nowMs = 0;
  const bar = { show: () => {}, end: () => {} };
  const fields = { channels: [1, 2, 3, 4], numIterations: 100, pyramidLevels: 1 };
  const request = completeRequestSchema.parse({ network: "n", layer: 2, ...fields });
  const progress = new DreamProgress([{ name: "a", request }], terminalWith(bar), () => nowMs);
  const ended = (channel: number, done: number) => {
    const which = { version: 1, jobId: "a", channel, channelIndex: channel, attempts: 1 } as const;
    const result = { ...which, state: "failed", source: "renderer", reason: "" } as const;
    const event = {
      kind: "channel",
      result: { ...result, finishedAt: "" },
      done,
      total: 4,
    } as const;
    progress.show({ ...event, request: 0 });
  };
  const step = (channel: number, iteration: number) =>
    progress.show({ kind: "step", request: 0, progress: at(channel, 1, iteration) });
  ended(1, 1);
  ended(2, 2);
  nowMs = 1_000;
  step(3, 10);
  nowMs = 5_000;
  step(3, 50);
  // 50 iterations in 5 s; 50 and 100 are left
  expect(progress.secondsLeft()).toBeCloseTo(15, 10);
  ended(3, 3);
  // what was begun in this run is its work
  expect(progress.secondsLeft()).toBeCloseTo(5, 10);
});

test.each([
  [1, "5 s"],
  [62, "60 s"],
  [400, "7 min"],
  [7_000, "2 h"],
  [7_900, "2 h 10 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(describeSeconds(seconds)).toBe(text);
});
