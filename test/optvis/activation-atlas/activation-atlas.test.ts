import { expect, test } from "vitest";

import { activationAtlas } from "../../../lib/optvis/activation-atlas/activation-atlas.ts";
import { principalPlane } from "../../../lib/optvis/activation-atlas/principal-plane.ts";
import {
  placeCount,
  sampledVectors,
} from "../../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { secondMoment } from "../../../lib/optvis/activation-atlas/vectors.ts";
import { whitened } from "../../../lib/optvis/activation-atlas/whitening.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { uniformFrom } from "../../../lib/optvis/random.ts";

test("each cell's direction is the mean of unit vectors nearby, whitened", () => {
  // three along the first channel, one along the second: their lengths do not count
  const activations = [
    [2, 0],
    [1, 0],
    [0, 5],
    [9, 0],
  ].map((each) => Float32Array.from(each));
  const { shape, data } = activationAtlas(activations, { width: 1, height: 2 });
  expect(shape).toEqual([2, 2, 1]);
  // S = diag(3/4, 1/4), its diagonal's mean 1/2; the other cell counts exp(-1 / (2 * 0.5^2))
  const other = Math.exp(-2);
  const [first, second] = [
    [3 / (3 + other) / 1.25, other / (3 + other) / 0.75],
    [(3 * other) / (3 * other + 1) / 1.25, 1 / (3 * other + 1) / 0.75],
  ];
  const rows = [0, 1].map((row) => [data[row]!, data[2 + row]!]);
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));
  expect(rows.toSorted((a, b) => b[0]! - a[0]!)).toEqual([close(first), close(second)]);
});

test("the plane's axes are as long as the standard deviation along them", () => {
  const rows = [
    [5, 1, 2],
    [-1, 1, 2],
    [2, 2, 2],
    [2, 0, 2],
  ];
  const vectors = { count: 4, length: 3, data: Float32Array.from(rows.flat()) };
  const { mean, axes } = principalPlane(vectors, secondMoment(vectors));
  expect([...mean]).toEqual([2, 1, 2]);
  const lengths = axes.map((axis) => [...axis].map((value) => Math.abs(value)));
  const close = (value: number) => expect.closeTo(value, 6) as number;
  expect(lengths).toEqual([
    [close(Math.sqrt(18 / 4)), close(0), close(0)],
    [close(0), close(Math.sqrt(2 / 4)), close(0)],
  ]);
});

test("what is whitened solves (S + r I) y = x, r being the mean of S's diagonal", () => {
  const moment = Float64Array.of(4, 1, -2, 1, 3, 0.5, -2, 0.5, 2);
  const x = { count: 2, length: 3, data: Float32Array.of(1, -2, 3, 0.5, 4, -1) };
  const y = whitened(x, moment);
  const back = [0, 1].flatMap((n) =>
    [0, 1, 2].map((i) =>
      [0, 1, 2].reduce(
        (sum, j) => sum + (moment[3 * i + j]! + (i === j ? 3 : 0)) * y.data[3 * n + j]!,
        0,
      ),
    ),
  );
  expect(back).toEqual([...x.data].map((value) => expect.closeTo(value, 5)));
  expect([...y.data]).not.toEqual([...x.data].map((value) => expect.closeTo(value, 1)));
});

test("of a map places inside are drawn, each once; of a small one any; of classes the vector", () => {
  const map = (...shape: number[]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return floatTensor(
      shape,
      Float32Array.from({ length: size }, (_, i) => i),
    );
  };
  const drawn = (shape: readonly number[], most: number) =>
    sampledVectors(map(...shape), most, uniformFrom("places"));
  const inside = [7, 8, 9, 10, 13, 14, 15, 16, 19, 20, 21, 22];
  const all = drawn([2, 5, 6], 100);
  expect(all.map(([first]) => first).toSorted((a, b) => a! - b!)).toEqual(inside);
  for (const [first, second] of all) expect(second).toBe(first! + 30);
  expect(placeCount([2, 5, 6])).toBe(12);
  const three = drawn([2, 5, 6], 3);
  expect(three).toEqual(all.slice(0, 3));
  expect(drawn([3, 2, 4], 100)).toHaveLength(8);
  expect(drawn([4], 100)).toEqual([Float32Array.of(0, 1, 2, 3)]);
});
