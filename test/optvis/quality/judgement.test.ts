import { expect, test } from "vitest";

import { judgementOf } from "../../../lib/optvis/quality/judgement.ts";

const of = (...values: number[]) => Float64Array.from(values);

test("a class's place among all, its probability, and what comes first", () => {
  expect(judgementOf(of(0.1, 0.2, 0.6, 0.1), new Set([1]))).toEqual({
    rank: 2,
    probability: 0.2,
    first: 2,
  });
  expect(judgementOf(of(0.1, 0.2, 0.6, 0.1), new Set([2]))).toMatchObject({ rank: 1, first: 2 });
});

test("of classes of one name the first counts, and their probabilities together", () => {
  expect(judgementOf(of(0.3, 0.25, 0.4, 0.05), new Set([3, 0]))).toEqual({
    rank: 2,
    probability: expect.closeTo(0.35, 12) as number,
    first: 2,
  });
});

test("a judge that sees nothing recognises nothing", () => {
  expect(judgementOf(of(0.25, 0.25, 0.25, 0.25), new Set([0])).rank).toBe(4);
});
