import { describe, expect, test, vi } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import {
  canRestart,
  failedResult,
  type Measurement,
  recorded,
  restarted,
  revived,
} from "../../../lib/optvis/ascent/state.ts";
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

  test("calls one that is revived dead after its first iteration too, and its first of its own", () => {
    const stopAt = (iteration: number, isRevived: boolean) =>
      recorded({ ...state, isRevived }, [point(iteration, { gradientRms: 0 })]).stop;
    expect([1, 2, 16, 17, 18].filter((at) => stopAt(at, true))).toEqual([1, 17]);
    expect(stopAt(17, false)).toBeNull();
  });
});

describe("an image that was stopped", () => {
  const dead = { ...state, stop: { kind: "dead" }, done: 5, restarts: 2 } as const;
  const begun = { image: floatTensor([2], [7, 5]) };
  const start = vi.fn(async () => begun);
  const noise = { draw: async (count: number) => new Float32Array(count) };
  const starts = { hasOtherSeeds: true, pointsNowhere: (channel: number) => channel === 9, start };

  test("has another seed tried where it is dead, there are others, and fewer than 16 were", () => {
    expect(canRestart(starts, dead)).toBe(true);
    const stop = { kind: "non-finite", what: "gradient", level: 2, iteration: 5 } as const;
    expect(canRestart(starts, { ...dead, stop })).toBe(false);
    expect(canRestart({ ...starts, hasOtherSeeds: false }, dead)).toBe(false);
    expect(canRestart(starts, { ...dead, channel: 9 })).toBe(false);
    expect([15, 16].map((restarts) => canRestart(starts, { ...dead, restarts }))).toEqual([
      true,
      false,
    ]);
    const reason = "non-finite gradient at level 2, iteration 5";
    expect(failedResult(starts, dead, stop)).toEqual({ kind: "failed", channel: 3, reason });
  });

  test("begins from the next seed, or along the redirected gradient, as if it never had", async () => {
    const fresh = { ...state, trace: [], parameters: begun };
    const again = await restarted(starts, { ...dead, isRevived: true }, noise);
    expect(again).toEqual({ ...fresh, restarts: 3 });
    expect(start).toHaveBeenLastCalledWith(
      expect.objectContaining({ channel: 3, restarts: 3 }),
      noise,
    );
    expect(await revived(starts, dead, noise)).toEqual({ ...fresh, restarts: 2, isRevived: true });
    expect(start).toHaveBeenLastCalledWith(
      expect.objectContaining({ channel: 3, restarts: 2 }),
      noise,
    );
  });
});
