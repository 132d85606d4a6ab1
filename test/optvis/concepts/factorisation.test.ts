import { describe, expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import {
  alongDirections,
  amountsAlong,
  sharedOut,
} from "../../../lib/optvis/concepts/concept-amounts.ts";
import { factorise } from "../../../lib/optvis/concepts/factorisation.ts";
import { uniformFrom } from "../../../lib/optvis/random.ts";
import { uniform } from "../../support/random.ts";

type Rows = readonly (readonly number[])[];

const rowsOf = ({ data }: { readonly data: Float32Array }, length: number): Rows =>
  Array.from({ length: data.length / length }, (_, i) => [
    ...data.subarray(i * length, (i + 1) * length),
  ]);
const transposed = (rows: Rows): Rows => rows[0]!.map((_, c) => rows.map((row) => row[c]!));
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);
/** a b, of matrices. */
const times = (a: Rows, b: Rows): Rows => a.map((row) => transposed(b).map((b0) => dot(row, b0)));
const minus = (a: Rows, b: Rows): Rows =>
  a.map((row, i) => row.map((value, c) => value - b[i]![c]!));
const square = (a: Rows) => dot(a.flat(), a.flat());

const factors = (a: Rows, count: number, seed = 1, tolerance = 0) => {
  const vectors = a.map((row) => Float32Array.from(row));
  const options = { tolerance, iterations: 2000 };
  const { directions, rests } = factorise(vectors, count, uniformFrom("test", seed), options);
  return { directions, w: directions.map((direction) => [...direction]), rests };
};

/** A [n, C] as the map [C, n] of a layer, and U [n, k] at its places. */
const mapOf = (a: Rows) =>
  floatTensor([a[0]!.length, a.length], Float32Array.from(transposed(a).flat()));
const amountsIn = (a: Rows, directions: readonly Float64Array[]): Rows => {
  const amounts = amountsAlong(directions)(alongDirections(directions, mapOf(a)));
  return a.map((_, i) => [...amounts.subarray(i * directions.length, (i + 1) * directions.length)]);
};

/** How far factors are from the conditions of Karush, Kuhn and Tucker, against |A|. */
function fromMinimum(a: Rows, u: Rows, w: Rows): number {
  const rest = minus(times(u, w), a);
  const slopes = [
    [u, times(rest, transposed(w))],
    [w, times(transposed(u), rest)],
  ] as const;
  const misses = slopes.flatMap(([x, slope]) =>
    slope.flatMap((row, i) =>
      row.map((g, j) => Math.max(-g, Math.abs(g * Math.min(1, x[i]![j]!)))),
    ),
  );
  return Math.max(...misses) / Math.sqrt(square(a));
}

const PLANTED: Rows = [
  [0, 3, 0, 1, 0, 2, 0],
  [2, 0, 0, 1, 4, 0, 0],
  [1, 0, 5, 0, 0, 1, 0],
];
/** Of some rows one alone, of others all three. */
const PURE = times(
  rowsOf(uniform([31 * 3], 5), 3).map((row, i) =>
    row.map((amount, j) => (i % 4 === 3 || i % 4 === j ? amount : 0)),
  ),
  PLANTED,
);
/** As a layer has them: what is planted, and noise. */
const A = PURE.slice(0, 23).map((row, i) =>
  row.map((value, c) => Math.fround(value + rowsOf(uniform([23 * 7], 3), 7)[i]![c]!)),
);

describe("factorise", () => {
  test("finds the factors that a matrix was made of", () => {
    const { w, rests } = factors(PURE, 3);
    expect(rests.at(-1)).toBeLessThan(1e-12);
    for (const direction of PLANTED) {
      const cosines = w.map((found) => dot(found, direction) / Math.sqrt(square([direction])));
      expect(Math.max(...cosines)).toBeGreaterThan(1 - 1e-9);
    }
  });

  test("ends at a minimum, on a way that never rises", () => {
    const { directions, w, rests } = factors(A, 3);
    const u = amountsIn(A, directions);
    expect(fromMinimum(A, u, w)).toBeLessThan(1e-7);
    const moved = w.map((row, j) => (j === 1 ? row.toSpliced(2, 1, row[2]! + 0.05) : row));
    expect(fromMinimum(A, u, moved)).toBeGreaterThan(1e-3);
    // but for what rounding does
    for (const [i, rest] of rests.slice(1).entries()) expect(rest).toBeLessThan(rests[i]! + 1e-14);
    expect(rests.at(-1)).toBeCloseTo(square(minus(A, times(u, w))) / square(A), 9);
    expect(w.flat().every((value) => value >= 0)).toBe(true);
    for (const direction of w) expect(square([direction])).toBeCloseTo(1, 12);
  });

  test("leaves as little as Lee and Seung's multiplicative updates do", () => {
    // U <- U * (A W^T) / (U W W^T), W <- W * (U^T A) / (U^T U W); NIPS 2000
    const rescaled = (x: Rows, more: Rows, less: Rows) =>
      x.map((row, i) => row.map((value, j) => (value * more[i]![j]!) / less[i]![j]!));
    let [u, w] = [rowsOf(uniform([23 * 2], 8), 2), rowsOf(uniform([2 * 7], 9), 7)];
    for (let step = 0; step < 1500; step++) {
      u = rescaled(u, times(A, transposed(w)), times(u, times(w, transposed(w))));
      w = rescaled(w, times(transposed(u), A), times(times(transposed(u), u), w));
    }
    const { rests } = factors(A, 2);
    expect(rests.at(-1)).toBeCloseTo(square(minus(A, times(u, w))) / square(A), 5);
  });

  test("of one concept is the first singular vector, which has no negative number", () => {
    let vector: readonly number[] = A[0]!;
    for (let step = 0; step < 100; step++) {
      const [next] = times(times([vector], transposed(A)), A);
      vector = next!.map((value) => value / Math.sqrt(square([next!])));
    }
    const { w } = factors(A, 1);
    expect(w).toEqual([vector.map((value) => expect.closeTo(value, 7))]);
  });

  test("has what a rectifier passes, by as many directions as make it up, alike each time", () => {
    const line: Rows = [
      [1, 2, -3],
      [-4, 0, -1],
      [2, 4, 0],
    ];
    const { w, rests } = factors(line, 3);
    expect(w).toEqual([[1 / Math.sqrt(5), 2 / Math.sqrt(5), 0].map((v) => expect.closeTo(v, 12))]);
    expect(rests.at(-1)).toBeCloseTo(0, 12);
    expect(factors([[-1, 0]], 2).w).toEqual([]);
    expect(factors(A, 3, 2, 1e-4)).toEqual(factors(A, 3, 2, 1e-4));
    expect(factors(A, 3, 2, 1e-4)).not.toEqual(factors(A, 3, 1, 1e-4));
  });
});

test("what concepts have of a sum is all of it but for what they leave", () => {
  const { directions, w } = factors(A, 3, 1, 1e-3);
  const along = alongDirections(directions, mapOf(A));
  const amounts = amountsAlong(directions)(along);
  const u = amountsIn(A, directions);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const explained = square(A) - square(minus(A, times(u, w)));
  expect(sum(sharedOut(amounts, along, 3))).toBeCloseTo(explained, 6);
  // t_k = sum over p of u_pk <w_k, f_p>
  const slopes = rowsOf(uniform([23 * 7], 4, [-1, 1]), 7);
  const contributions = sharedOut(amounts, alongDirections(directions, mapOf(slopes)), 3);
  const expected = w.map((direction, k) =>
    sum(slopes.map((f, p) => u[p]![k]! * dot(direction, f))),
  );
  expect(contributions).toEqual(expected.map((value) => expect.closeTo(value, 9)));
});

test("amounts are never below zero, and of the others the best", () => {
  // of [0, 1] an amount of -0.75 and 1.25 would be exact
  const directions = [Float64Array.of(1, 0), Float64Array.of(0.6, 0.8)];
  expect(
    amountsIn(
      [
        [0, 1],
        [5, 4],
        [1, 0],
        [0, 0],
      ],
      directions,
    ),
  ).toEqual(
    [
      [0, 0.8],
      [2, 5],
      [1, 0],
      [0, 0],
    ].map((row) => row.map((value) => expect.closeTo(value, 6))),
  );
});
