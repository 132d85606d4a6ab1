import { beforeEach, describe, expect, test } from "vitest";

import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { channelResultSchema } from "../../../lib/pipeline/job/result.ts";
import { DreamProgress } from "../../../local/cli/dream-progress.ts";
import type { ProgressBar, Terminal } from "../../../local/cli/terminal.ts";
import { GOOD_CARD } from "../../support/fake-renderer.ts";

const END = { version: 1, jobId: "a", attempts: 1, finishedAt: "2026-01-01T00:00:00Z" };
const RESULTS = {
  ok: {
    ...END,
    state: "ok",
    tile: { key: "t", sha256: "0".repeat(64), width: 1, height: 1 },
    raw: null,
    activation: 1,
    trace: [],
    seconds: 1,
    provider: "cpu",
    seed: 0,
    restarts: 0,
    quality: { ...GOOD_CARD, redrawn: false },
  },
  failed: { ...END, state: "failed", source: "renderer", reason: "it has no gradient" },
} as const;

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

test("what is said of several sheets in the same words is said once", () => {
  const notes: string[] = [];
  const bar = { show: () => {}, end: () => {} };
  const terminal = { ...terminalWith(bar), note: (text: string) => void notes.push(text) };
  const request = completeRequestSchema.parse({ network: "n", layer: 2, channels: [1] });
  const jobs = ["first", "second"].map((name) => ({ name, request }));
  const progress = new DreamProgress(jobs, terminal);
  const notice = (job: number, text: string) =>
    progress.show({ kind: "notice", request: job, notice: text });
  notice(0, "grey is assumed");
  notice(1, "grey is assumed");
  notice(1, "another thing");
  expect(notes).toEqual(["first: grey is assumed", "second: another thing"]);
});

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
  step(1, 100);
  step(2, 100);
  expect(told).toMatch(/^a: channel 2/);
});

describe("the speed", () => {
  let nowMs = 0;
  const bar = { show: () => {}, end: () => {} };
  const fields = { channels: [1, 2, 3, 4], numIterations: 100, pyramidLevels: 1 };
  const request = completeRequestSchema.parse({ network: "n", layer: 2, ...fields });
  let progress: DreamProgress;
  beforeEach(() => {
    nowMs = 0;
    progress = new DreamProgress([{ name: "a", request }], terminalWith(bar), () => nowMs);
  });
  const step = (channel: number, iteration: number) =>
    progress.show({ kind: "step", request: 0, progress: at(channel, 1, iteration) });
  const ended = (channel: number, state: "ok" | "failed") =>
    progress.show({
      kind: "channel",
      request: 0,
      result: channelResultSchema.parse({ ...RESULTS[state], channel, channelIndex: channel - 1 }),
      done: channel,
      total: 4,
    });

  test("is not of images that an earlier run drew", () => {
    ended(1, "ok");
    ended(2, "failed");
    nowMs = 1_000;
    step(3, 10);
    nowMs = 5_000;
    step(3, 50);
    // 50 iterations in 5 s; 50 and 100 are left
    expect(progress.secondsLeft()).toBeCloseTo(15, 10);
    ended(3, "ok");
    // what was begun in this run is its work
    expect(progress.secondsLeft()).toBeCloseTo(5, 10);
  });

  test("is not of iterations that an image which failed had still before it", () => {
    step(1, 0);
    nowMs = 5_000;
    step(1, 20);
    step(2, 30);
    ended(1, "failed");
    // 50 iterations in 5 s; 70, 100 and 100 are left
    expect(progress.secondsLeft()).toBeCloseTo(27, 10);
  });
});
