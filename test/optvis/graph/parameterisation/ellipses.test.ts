import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { fourierImageGraph } from "../../../../lib/optvis/graph/fourier-graph.ts";
import type { EllipseImage } from "../../../../lib/optvis/graph/parameterisation/ellipse-parameters.ts";
import { ellipses } from "../../../../lib/optvis/graph/parameterisation/ellipses.ts";
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

/** What an iteration draws, and the way back from it. */
function bothWays(canvas: EllipseImage, n: number) {
  const { planes, size } = canvas;
  const graph = new GraphBuilder();
  const numbers = [n, canvas.ellipses + 1, planes.length + 6];
  const { image, pullback } = ellipses(canvas)(graph, graph.input("p", "float32", numbers));
  const cotangent = graph.input("v", "float32", [n, planes.length, size.height, size.width]);
  const built = graph.build("ellipses", [
    ["image", image],
    ["gradient", pullback(cotangent)],
  ]);
  return { built, numbers, shape: graph.shapeOf(image) };
}

/** As at the start of an ascent: colours far from black and white. */
const drawn = (shape: readonly number[], seed: number) => {
  const numbers = normal(shape, seed);
  return { ...numbers, data: numbers.data.map((value) => 0.15 * value) };
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

test.each([
  ["in colour", CANVAS, 2],
  ["in grey, enlarged", WIDE, 1],
])("<v, J u> = <J^T v, u>, %s", async (_, canvas, n) => {
  const { built, numbers, shape } = bothWays(canvas, n);
  const run = await compile(built);
  const [p, u, v] = [drawn(numbers, 3), drawn(numbers, 4), normal(shape, 5)];
  const moved = async (by: number) => {
    const there = { ...p, data: p.data.map((value, i) => value + by * u.data[i]!) };
    return (await run({ p: there, v }))["image"]!.data;
  };
  // of fourth order, since what is smaller is lost in float32
  const [a, b, c, d] = await Promise.all([2e-2, 1e-2, -1e-2, -2e-2].map(moved));
  const along = a!.map((value, i) => (8 * (b![i]! - c![i]!) - (value - d![i]!)) / 0.12);
  const { gradient } = await run({ p, v });
  expect(gradient!.shape).toEqual(numbers);
  const scale = Math.sqrt(dot(along, along) * dot(v.data, v.data));
  expect(Math.abs(dot(v.data, along) - dot(gradient!.data, u.data))).toBeLessThan(1e-4 * scale);
  // a negative control: another direction has another product
  const other = dot(gradient!.data, u.data.toReversed());
  expect(Math.abs(dot(v.data, along) - other)).toBeGreaterThan(1e-3 * scale);
});

test("what is kept, row by row, is what an iteration draws of a canvas of its size", async () => {
  const { built, numbers, shape } = bothWays(CANVAS, 2);
  const p = drawn(numbers, 1);
  const { image } = await runGraph(built, { p, v: normal(shape, 2) });
  const kept = await runGraph(fourierImageGraph(CANVAS, 2), { coefficients: p });
  expect(kept["image"]!.shape).toEqual([2, 3, 20, 31]);
  const differences = kept["image"]!.data.map((value, i) => Math.abs(value - image!.data[i]!));
  expect(Math.max(...differences)).toBeLessThan(1e-3);
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
