import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { emitTotalVariationGradient } from "../../../../lib/optvis/graph/objective/total-variation.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

const WEIGHT = 1.7;

/** weight (mean |dx| + mean |dy|), the means over the pairs of one image. */
function roughness(x: ArrayLike<number>, [, colours, height, width]: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < x.length; at++) {
    const [column, row] = [at % width!, Math.floor(at / width!) % height!];
    if (column > 0) sum += Math.abs(x[at]! - x[at - 1]!) / (colours! * height! * (width! - 1));
    if (row > 0) sum += Math.abs(x[at]! - x[at - width!]!) / (colours! * (height! - 1) * width!);
  }
  return WEIGHT * sum;
}

async function gradientOf(shape: readonly number[], image: ReturnType<typeof normal>) {
  const graph = new GraphBuilder();
  const x = graph.input("x", "float32", shape);
  const gradient = emitTotalVariationGradient(graph, x, WEIGHT);
  const outputs = await runGraph(graph.build("roughness", [["gradient", gradient]]), { x: image });
  return outputs["gradient"]!.data;
}

test("the gradient is that of central differences", async () => {
  const shape = [2, 3, 5, 4];
  const image = normal(shape, 12);
  const gradient = await gradientOf(shape, image);
  gradient.forEach((value, i) => {
    const [up, down] = [1e-4, -1e-4].map((by) => {
      const moved = Float64Array.from(image.data);
      moved[i] = moved[i]! + by;
      return roughness(moved, shape);
    });
    expect(Math.abs(value - (up! - down!) / 2e-4)).toBeLessThan(1e-5);
  });
});

test("a flat image has none, a single row only that along it", async () => {
  const flat = normal([1, 3, 5, 4], 1);
  flat.data.fill(3);
  expect([...(await gradientOf([1, 3, 5, 4], flat))].every((value) => value === 0)).toBe(true);
  const row = normal([1, 3, 1, 4], 2);
  expect([...(await gradientOf([1, 3, 1, 4], row))].every(Number.isFinite)).toBe(true);
});
