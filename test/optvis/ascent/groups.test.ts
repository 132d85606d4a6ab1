import { expect, test } from "vitest";

import { evenGroups } from "../../../lib/optvis/ascent/groups.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";

const state = (channel: number, more: Partial<AscentState>): AscentState => ({
  channel,
  position: channel - 1,
  parameters: {},
  trace: [],
  stop: null,
  restarts: 0,
  isRevived: false,
  seconds: 0,
  stage: 1,
  done: 0,
  ...more,
});

test("images go in one batch that are as far, and follow the same gradient", () => {
  const states = [
    state(1, { done: 8 }),
    state(2, { done: 8, isRevived: true }),
    state(3, { stage: 0, done: 8 }),
    state(4, { done: 8 }),
    state(5, { stage: -1 }),
    state(6, { done: 8, isRevived: true }),
    state(7, { done: 9 }),
  ];
  const channels = evenGroups(states, 1).map((group) => group.map(({ channel }) => channel));
  expect(channels).toEqual([[1, 4], [2, 6], [3, 5], [7]]);
});
