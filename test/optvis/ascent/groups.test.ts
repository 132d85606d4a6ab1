import { expect, test } from "vitest";

import { evenGroups } from "../../../lib/optvis/ascent/groups.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import { ascentState } from "./ascent-state.ts";

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
