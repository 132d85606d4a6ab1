import { describe, expect, test } from "vitest";

import { type Measurement, recorded } from "../../../lib/optvis/ascent/state.ts";
import { ascentState } from "./ascent-state.ts";

const point = (iteration: number, more: Partial<Measurement> = {}): Measurement => ({
  level: 1,
  iteration,
  activation: iteration / 8,
  gradientRms: 1,
  ...more,
});
const traced = (iteration: number, activation = iteration / 8) => ({
  iteration,
  level: 1,
  activation,
});

/** After one iteration; frozen, so that a change to it is an error. */
const state = Object.freeze(ascentState(3, { trace: Object.freeze([traced(1)]) }));

describe("recorded", () => {
  test("appends iterations in a state of its own", () => {
    const next = recorded(state, [point(2), point(3)]);
    expect(next).toEqual({ ...state, trace: [traced(1), traced(2), traced(3)] });
  });

  test.each([
    ["activation", { activation: NaN }],
    ["gradient", { gradientRms: Infinity }],
  ] as const)("ends with the iteration whose %s is not finite", (what, broken) => {
    const next = recorded(state, [point(2), point(3, broken), point(4)]);
    expect(next.stop).toEqual({ kind: "non-finite", what, level: 1, iteration: 3 });
    expect(next.trace.map(({ iteration }) => iteration)).toEqual([1, 2, 3]);
    expect(recorded(next, [point(4)])).toEqual(next);
  });

  test("calls an image dead whose first gradient is zero, and none later", () => {
    const dead = { gradientRms: 0 };
    const fresh = { ...state, trace: [] };
    expect(recorded(fresh, [point(1, dead), point(2)])).toMatchObject({
      stop: { kind: "dead" },
      trace: [traced(1)],
    });
    expect(recorded(state, [point(2, dead)]).stop).toBeNull();
    expect(recorded(state, [point(1, { ...dead, level: 2 })]).stop).toBeNull();
  });
});
