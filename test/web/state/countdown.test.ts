import { expect, test } from "vitest";

import { Countdown } from "../../../web/state/countdown.ts";

const HOUR_MS = 3_600_000;

test("the time left is told by the speed of what is under way, not by a pause before it", () => {
  const countdown = new Countdown();
  expect(countdown.secondsLeft({ done: 100, left: 700 }, 0)).toBeNull();
  expect(countdown.secondsLeft({ done: 130, left: 670 }, 9_000)).toBeNull();
  expect(countdown.secondsLeft({ done: 100, left: 700 }, 10_000)).toBeNull();
  // 60 iterations in 20 s: 640 more take 213 s
  expect(countdown.secondsLeft({ done: 160, left: 640 }, 20_000)).toBeCloseTo((640 * 20) / 60, 6);
  expect(countdown.secondsLeft(null, 60_000)).toBeNull();
  // an hour later there is more to do, at twice the speed
  expect(countdown.secondsLeft({ done: 800, left: 400 }, HOUR_MS)).toBeNull();
  const later = countdown.secondsLeft({ done: 920, left: 280 }, HOUR_MS + 20_000);
  expect(later).toBeCloseTo((280 * 20) / 120, 6);
});
