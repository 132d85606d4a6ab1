import { describe, expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { emitTotalVariationGradient } from "../../../../lib/optvis/graph/objective/total-variation.ts";
import type { SurroundName } from "../../../../lib/optvis/graph/transforms/surround.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

const WEIGHT = 1.7;

/**
 * weight (mean |dx| + mean |dy|), the means over the pairs of one image; where it is wrapped, over
 * those across its edges too.
 */
function roughness(
  x: ArrayLike<number>,
  [, colours = 1, height = 1, width = 1]: readonly number[],
  surround: SurroundName,
): number {
  const unpaired = surround === "wrapped" ? 0 : 1;
  let sum = 0;
  for (let at = 0; at < x.length; at++) {
    const [column, row] = [at % width, Math.floor(at / width) % height];
    const left = at - column + ((column + width - 1) % width);
    const above = at + (((row + height - 1) % height) - row) * width;
    if (column >= unpaired) {
      sum += Math.abs(x[at]! - x[left]!) / (colours * height * (width - unpaired));
    }
    if (row >= unpaired) {
      sum += Math.abs(x[at]! - x[above]!) / (colours * (height - unpaired) * width);
    }
  }
  return WEIGHT * sum;
}

async function gradientOf(
  shape: readonly number[],
  image: ReturnType<typeof normal>,
  surround: SurroundName,
) {
  const graph = new GraphBuilder();
  const x = graph.input("x", "float32", shape);
  const gradient = emitTotalVariationGradient(graph, x, { weight: WEIGHT, surround });
  const outputs = await runGraph(graph.build("roughness", [["gradient", gradient]]), { x: image });
  return outputs["gradient"]!.data;
}

describe.each(["grey", "wrapped"] as const)("%s", (surround) => {
  test("the gradient is that of central differences", async () => {
    const shape = [2, 3, 5, 4];
    const image = normal(shape, 12);
    const gradient = await gradientOf(shape, image, surround);
    gradient.forEach((value, i) => {
      const [up, down] = [1e-4, -1e-4].map((by) => {
        const moved = Float64Array.from(image.data);
        moved[i] = moved[i]! + by;
        return roughness(moved, shape, surround);
      });
      expect(Math.abs(value - (up! - down!) / 2e-4)).toBeLessThan(1e-5);
    });
  });

  test("a flat image has none, a single row only that along it", async () => {
    const flat = normal([1, 3, 5, 4], 1);
    flat.data.fill(3);
    expect((await gradientOf([1, 3, 5, 4], flat, surround)).every((value) => value === 0)).toBe(
      true,
    );
    const row = normal([1, 3, 1, 4], 2);
    expect((await gradientOf([1, 3, 1, 4], row, surround)).every(Number.isFinite)).toBe(true);
  });
});
