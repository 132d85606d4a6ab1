import { expect, test } from "vitest";

import { describeSeconds, TimeLeft, WorkBar } from "../../../local/cli/time-left.ts";

test("a bar comes where work takes longer than a second, and says what is left from three on", () => {
  let nowMs = 500;
  const shown: unknown[] = [];
  const bar = {
    show: (...args: readonly unknown[]) => void shown.push(args),
    end: () => void shown.push("end"),
  };
  const work = new WorkBar({ progressBar: () => bar }, "judging", 40, () => nowMs);
  for (const [seconds, done] of [
    [0.9, 1],
    [2, 4],
    [4, 8],
    [20, 40],
  ] as const) {
    nowMs = 500 + 1000 * seconds;
    work.show(done);
  }
  work[Symbol.dispose]();
  expect(shown).toEqual([[4, 40, undefined], [8, 40, "15 s left"], [40, 40, undefined], "end"]);
});

test("nothing is said of a thousand pieces by the first few, unless they took a minute", () => {
  let nowMs = 0;
  const left = new TimeLeft(() => nowMs);
  left.seconds(0, 1000);
  const at = (seconds: number, done: number) => {
    nowMs = 1000 * seconds;
    return left.seconds(done, 1000);
  };
  expect([at(4, 1), at(10, 10), at(59, 9), at(60, 1), at(61, 0)]).toEqual([
    null,
    990,
    null,
    59_940,
    null,
  ]);
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
