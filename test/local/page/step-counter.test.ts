import { expect, test } from "vitest";

import { StepCounter } from "../../../local/page/step-counter.ts";

const step = (channel: number, level: number, iteration: number) =>
  ({
    kind: "step",
    jobId: "job",
    progress: { channel, level, iteration, activation: 0 },
  }) as const;

test("counts the iterations of all images in the time that they took", () => {
  let ms = 1_000;
  const counter = new StepCounter(() => ms);
  expect(counter.liveSteps("job")).toBeNull();
  counter.listener(step(1, 1, 4));
  expect(counter.liveSteps("job")).toMatchObject({ iterationsPerSecond: null });
  ms += 2_000;
  counter.listener(step(1, 1, 10)); // 6 more
  ms += 1_000;
  counter.listener(step(2, 1, 5)); // 5 of another image
  ms += 1_000;
  counter.listener(step(1, 2, 3)); // 3 of the next level
  expect(counter.liveSteps("job")).toEqual({
    atWork: [
      { channel: 1, level: 2, iteration: 3, activation: 0 },
      { channel: 2, level: 1, iteration: 5, activation: 0 },
    ],
    iterationsPerSecond: (6 + 5 + 3) / 4,
  });
});

test("forgets what it counted long ago", () => {
  let ms = 0;
  const counter = new StepCounter(() => ms);
  // ten a second for a minute, then one
  for (let second = 0; second < 60; second++, ms += 1_000) counter.listener(step(second, 1, 10));
  expect(counter.liveSteps("job")?.iterationsPerSecond).toBeCloseTo(10);
  for (let second = 60; second < 120; second++, ms += 1_000) counter.listener(step(second, 1, 1));
  expect(counter.liveSteps("job")?.iterationsPerSecond).toBeCloseTo(1);
});
