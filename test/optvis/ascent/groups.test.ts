import { expect, onTestFinished, test } from "vitest";

import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { evenGroups } from "../../../lib/optvis/ascent/groups.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import { promised } from "../../support/promised.ts";
import { ascentState } from "./ascent-state.ts";
import { kinked, taskOf } from "./engine-task.ts";

test("images go in one batch that are as far, and follow the same gradient, from one seed", () => {
  const inSecond = (channel: number, more: Partial<AscentState>) =>
    ascentState(channel, { stage: 1, ...more });
  const states = [
    inSecond(1, { done: 8 }),
    inSecond(2, { done: 8, isRevived: true }),
    inSecond(3, { stage: 0, done: 8 }),
    inSecond(4, { done: 8 }),
    inSecond(5, { stage: -1 }),
    inSecond(6, { done: 8, isRevived: true }),
    inSecond(7, { done: 9 }),
    inSecond(8, { done: 8, restarts: 1 }),
  ];
  const channels = evenGroups(states, 1).map((group) => group.map(({ channel }) => channel));
  expect(channels).toEqual([[1, 4], [2, 6], [3, 5], [7], [8]]);
});

test("no image of one stage waits for another's end", async () => {
  const engine = new AscentEngine({ threads: 2 });
  onTestFinished(() => engine.close());
  const task = taskOf(kinked, "conv3", { channels: [1, 2, 3, 4, 5], iterations: 100 });
  const [third, letGo] = promised();
  const ended: number[] = [];
  await engine.render(task, {
    onBegin: async (channels) => {
      if (channels.includes(3)) letGo();
    },
    onChannel: async ({ channel }) => {
      // the first to end holds its worker until the other has begun the next image
      if (ended.push(channel) === 1) await third;
    },
  });
  expect(ended.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});
