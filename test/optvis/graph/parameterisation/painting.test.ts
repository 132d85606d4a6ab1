import { expect, test } from "vitest";

import type { Size } from "../../../../lib/image/raster.ts";
import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import { fourierImageGraph } from "../../../../lib/optvis/graph/fourier-graph.ts";
import type { CppnImage } from "../../../../lib/optvis/graph/parameterisation/cppn.ts";
import type { EllipseImage } from "../../../../lib/optvis/graph/parameterisation/ellipse-parameters.ts";
import { drawnSize } from "../../../../lib/optvis/graph/parameterisation/painting.ts";
import {
  parameterisationOf,
  parameterShape,
} from "../../../../lib/optvis/graph/parameterisation/parameter-image.ts";
import { normal } from "../../../support/random.ts";
import { compile, runGraph } from "../../../support/run-graph.ts";

const CANVAS: EllipseImage = {
  size: { height: 20, width: 31 },
  ellipses: 5,
  saturation: 1.5,
  planes: [0, 1, 2],
};
/** Of a canvas of one plane, wider than what an iteration draws. */
const WIDE: EllipseImage = {
  size: { height: 9, width: 130 },
  ellipses: 1,
  saturation: 1,
  planes: [null],
};

/** By a network of places. */
const CPPN: CppnImage = {
  size: CANVAS.size,
  saturation: 1.5,
  planes: [0, 1, 2],
  cppnLayers: 3,
};

/** What an iteration draws, and the way back from it. */
function bothWays(canvas: EllipseImage | CppnImage, n: number) {
  const { planes, size } = canvas;
  const graph = new GraphBuilder();
  const numbers = [n, ...parameterShape(canvas)];
  const parameterisation = parameterisationOf(canvas, "cpu");
  const { image, pullback } = parameterisation(graph, graph.input("p", "float32", numbers));
  const cotangent = graph.input("v", "float32", [n, planes.length, size.height, size.width]);
  const built = graph.build("painting", [
    ["image", image],
    ["gradient", pullback(cotangent)],
  ]);
  return { built, numbers, shape: graph.shapeOf(image) };
}

/** As at the start of an ascent: colours far from black and white. */
const drawn = (shape: readonly number[], seed: number, deviation = 0.15) => {
  const numbers = normal(shape, seed);
  return { ...numbers, data: numbers.data.map((value) => deviation * value) };
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

test.each([
  ["in colour", CANVAS, 2, 0.15],
  ["in grey, enlarged", WIDE, 1, 0.15],
  ["by a network of places", CPPN, 2, 1],
])("<v, J u> = <J^T v, u>, %s", async (_, canvas, n, deviation) => {
  const { built, numbers, shape } = bothWays(canvas, n);
  const run = await compile(built);
  const [p, u] = [drawn(numbers, 3, deviation), drawn(numbers, 4)];
  const moved = async (by: number) => {
    const there = { ...p, data: p.data.map((value, i) => value + by * u.data[i]!) };
    return (await run({ p: there, v: normal(shape, 5) }))["image"]!.data;
  };
  // of fourth order, since what is smaller is lost in float32
  const [a, b, c, d] = await Promise.all([2e-2, 1e-2, -1e-2, -2e-2].map(moved));
  const along = a!.map((value, i) => (8 * (b![i]! - c![i]!) - (value - d![i]!)) / 0.12);
  // of v = J u itself the products are largest
  const scale = dot(along, along);
  const { gradient } = await run({ p, v: floatTensor(shape, Float32Array.from(along)) });
  expect(gradient!.shape).toEqual(numbers);
  expect(Math.abs(dot(gradient!.data, u.data) / scale - 1)).toBeLessThan(1e-4);
  // a negative control: another direction has another product
  expect(Math.abs(dot(gradient!.data, u.data.toReversed()) / scale - 1)).toBeGreaterThan(1e-1);
});

test("of a canvas that is but a line an iteration draws a line", () => {
  expect(drawnSize({ height: 1, width: 4_096 })).toEqual({ height: 1, width: 112 });
});

test.each([
  ["in ellipses", CANVAS, 0.15],
  ["by a network of places", CPPN, 1],
])("what is kept %s, row by row, is what an iteration draws", async (_, canvas, deviation) => {
  const { built, numbers, shape } = bothWays(canvas, 2);
  const p = drawn(numbers, 1, deviation);
  const { image } = await runGraph(built, { p, v: normal(shape, 2) });
  const kept = await runGraph(fourierImageGraph(canvas, 2), { coefficients: p });
  expect(kept["image"]!.shape).toEqual([2, 3, 20, 31]);
  const differences = kept["image"]!.data.map((value, i) => Math.abs(value - image!.data[i]!));
  expect(Math.max(...differences)).toBeLessThan(1e-3);
});

test.each([
  ["in ellipses", CANVAS],
  ["by a network of places", CPPN],
])("painted %s in a third as many pixels, each is the middle one of nine", async (_, kind) => {
  const canvas = { ...kind, size: { height: 21, width: 33 } };
  const { numbers } = bothWays(canvas, 1);
  const painted = async (paintedSize: Size) => {
    const graph = fourierImageGraph({ ...canvas, paintedSize }, 1);
    return (await runGraph(graph, { coefficients: drawn(numbers, 1, 0.5) }))["image"]!;
  };
  const [whole, small] = [await painted(canvas.size), await painted({ height: 7, width: 11 })];
  expect(small.shape).toEqual([1, 3, 7, 11]);
  const apart = (shift: number) => {
    const differences = Array.from(small.data, (value, i) => {
      const [row, column] = [Math.floor(i / 11), i % 11];
      return Math.abs(value - whole.data[(3 * row + 1) * 33 + 3 * column + shift]!);
    });
    return Math.max(...differences);
  };
  expect(apart(1)).toBeLessThan(1e-3);
  expect(apart(2)).toBeGreaterThan(1);
});

test("ellipses as opaque as can be leave a gradient to what they hide", async () => {
  const { built, numbers, shape } = bothWays(CANVAS, 1);
  const opacities = (i: number) => i % 9 === 8;
  const p = drawn(numbers, 1);
  const data = p.data.map((value, i) => (opacities(i) ? 100 : value));
  const { gradient } = await runGraph(built, { p: { ...p, data }, v: normal(shape, 2) });
  const heard = Array.from(gradient!.data, (value) => Number.isFinite(value) && value !== 0);
  // the ground, before the others, has colours alone; opacities are at their most
  expect(heard).toEqual(heard.map((_, i) => !opacities(i) && !(i >= 3 && i < 9)));
});
