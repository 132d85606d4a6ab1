import { expect, test } from "vitest";

import { evenGroups } from "../../../lib/optvis/ascent/groups.ts";
import { ascentState } from "./ascent-state.ts";

test("images go in one batch that are as far, and follow the same gradient, from one seed", () => {
  const states = [
    ascentState(1, { done: 8 }),
    ascentState(2, { done: 8, isRevived: true }),
    ascentState(3, { stage: 0, done: 8 }),
    ascentState(4, { done: 8 }),
    ascentState(5, { stage: -1 }),
    ascentState(6, { done: 8, isRevived: true }),
    ascentState(7, { done: 9 }),
    ascentState(8, { done: 8, restarts: 1 }),
  ];
  const channels = evenGroups(states, 1).map((group) => group.map(({ channel }) => channel));
  expect(channels).toEqual([[1, 4], [2, 6], [3, 5], [7], [8]]);
});
