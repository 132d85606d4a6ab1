import { expect, test } from "vitest";

import type { JobPlan } from "../../../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../../../lib/pipeline/job/result.ts";
import type { Completion } from "../../../lib/pipeline/job/tally.ts";
import { StepCounter } from "../../../local/page/step-counter.ts";
import type { PipelineEvent } from "../../../local/pipeline-events.ts";

const step = (channel: number, level: number, iteration: number, jobId = "job") =>
  ({
    kind: "step",
    jobId,
    progress: { channel, level, iteration, activation: 0 },
  }) as const;

const planOf = (jobId: string, channels: readonly number[], request: object) =>
  ({ jobId, channels, request }) as unknown as JobPlan;

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
    others: [],
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

test("tells what is left of the jobs that take turns with one, those that wait for their first too", () => {
  let ms = 0;
  const counter = new StepCounter(() => ms);
  const tell = (event: unknown) => counter.listener(event as PipelineEvent);
  counter.listener(step(1, 1, 1, "a"));
  ms += 1_000;
  counter.listener(step(1, 1, 13, "a")); // 12 in a second
  const alone = { iterationsPerSecond: 12, others: [] };
  expect(counter.liveSteps("a")).toMatchObject(alone);
  tell({ kind: "accepted", plan: planOf("a", [1, 2], { method: "fourier", numIterations: 5 }) });
  expect(counter.liveSteps("a")).toMatchObject(alone);
  const b = planOf("b", [4, 7, 9], { method: "deepdream", numIterations: 10, pyramidLevels: 2 });
  tell({ kind: "accepted", plan: b });
  const c = planOf("c", [3], { method: "fourier", numIterations: 96 });
  tell({ kind: "answered", acceptance: { status: "accepted", plan: c } });
  const ofB = { images: 3, iterationsPerImage: 20 };
  const ofC = { images: 1, iterationsPerImage: 96 };
  // the speed is that of all, whichever of them an image is at work of
  expect(counter.liveSteps("a")).toMatchObject({ iterationsPerSecond: 12, others: [ofB, ofC] });
  // of one that was accepted before this process began nobody knows
  expect(counter.liveSteps("c")).toMatchObject({ atWork: [], others: [null, ofB] });
  ms += 1_000;
  counter.listener(step(7, 1, 12, "b"));
  tell({ kind: "result", result: { jobId: "b", channel: 7 } });
  expect(counter.liveSteps("b")).toMatchObject({ atWork: [], others: [null, ofC] });
  expect(counter.liveSteps("c")?.others).toEqual([null, { ...ofB, images: 2 }]);
  tell({ kind: "completed", completion: { jobId: "b" } });
  expect(counter.liveSteps("a")?.others).toEqual([ofC]);
  expect(counter.liveSteps("b")).toBeNull();
  // one that had ended long ago never begins
  ms += 120_001;
  expect(counter.liveSteps("a")?.others).toEqual([]);
  expect(counter.liveSteps("c")).toBeNull();
});

test("the speed is that of the last twenty seconds, or since the step before", () => {
  let ms = 0;
  const counter = new StepCounter(() => ms);
  const speed = () => counter.liveSteps("job")?.iterationsPerSecond;
  counter.listener(step(1, 1, 10));
  ms = 500;
  counter.listener(step(1, 1, 20));
  expect(speed()).toBe(20);
  ms = 20_500;
  counter.listener(step(1, 1, 30));
  expect(speed(), "since half a second").toBe(0.5);
  ms = 60_500;
  counter.listener(step(1, 1, 40));
  expect(speed(), "since the last one").toBe(0.25);
});

test("an image that is drawn again counts from nothing, and one that has ended is not at work", () => {
  let ms = 0;
  const counter = new StepCounter(() => ms);
  counter.listener(step(1, 1, 8));
  ms = 1_000;
  counter.listener(step(1, 1, 3)); // of another seed
  ms = 2_000;
  counter.listener(step(1, 1, 3)); // and of another
  counter.listener(step(2, 1, 1));
  expect(counter.liveSteps("job")?.iterationsPerSecond).toBe((3 + 3 + 1) / 2);
  const result = { jobId: "job", channel: 1 } as unknown as ChannelResult;
  counter.listener({ kind: "result", result });
  expect(counter.liveSteps("job")?.atWork).toMatchObject([{ channel: 2 }]);
});

test("a job waits from its answer on, unless it was refused, until it is complete", () => {
  const counter = new StepCounter(() => 0);
  const answered = (acceptance: object) =>
    counter.listener({ kind: "answered", acceptance } as unknown as PipelineEvent);
  answered({ status: "rejected", jobId: "refused", problems: [] });
  answered({ status: "accepted", plan: planOf("job", [1], { method: "fourier" }) });
  expect(counter.liveSteps("refused")).toBeNull();
  expect(counter.liveSteps("job")).toEqual({ atWork: [], iterationsPerSecond: null, others: [] });
  const completion = { jobId: "job" } as unknown as Completion;
  counter.listener({ kind: "completed", completion });
  expect(counter.liveSteps("job")).toBeNull();
});
