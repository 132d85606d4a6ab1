import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import { decorrelatedColours } from "../../../../lib/optvis/graph/parameterisation/decorrelated-colours.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

const SHAPE = [2, 3, 4, 5] as const;
const PIXELS = 20;

async function run(saturation: number, planes: readonly number[], z: Float32Array) {
  const graph = new GraphBuilder();
  const input = graph.input("z", "float32", SHAPE);
  const cotangent = graph.input("cotangent", "float32", SHAPE);
  const { image, pullback } = decorrelatedColours(saturation, planes)(graph, input);
  const built = graph.build("colours", [
    ["image", image],
    ["gradient", pullback(cotangent)],
  ]);
  const feeds = { z: floatTensor(SHAPE, z), cotangent: normal(SHAPE, 8) };
  const { image: result, gradient } = await runGraph(built, feeds);
  return { image: result!.data, gradient: gradient!.data, cotangent: feeds.cotangent.data };
}

/** Lucid's: rgb = sigmoid(M z), M divided by the norm of its longest column; less mid-grey. */
function colour(z: Float64Array, saturation: number, planes: readonly number[], at: number) {
  const m = [
    [0.26, 0.09 * saturation, 0.02 * saturation],
    [0.27, 0, -0.05 * saturation],
    [0.27, -0.09 * saturation, 0.03 * saturation],
  ];
  const image = Math.floor(at / (3 * PIXELS));
  const row = m[planes[Math.floor(at / PIXELS) % 3]!]!;
  const sum = row.reduce(
    (total, factor, j) => total + factor * z[(image * 3 + j) * PIXELS + (at % PIXELS)]!,
    0,
  );
  return 255 / (1 + Math.exp(-sum / 0.46195238)) - 127.5;
}

test.each([
  [1, [0, 1, 2]],
  [1.3, [2, 1, 0]],
])(
  "saturation %f, planes %j: value in closed form, gradient by central differences",
  async (saturation, planes) => {
    const z = normal(SHAPE, 7).data;
    const { image, gradient, cotangent } = await run(saturation, planes, z);
    image.forEach((value, i) =>
      expect(value).toBeCloseTo(colour(Float64Array.from(z), saturation, planes, i), 3),
    );
    const objective = (values: Float64Array) =>
      cotangent.reduce((sum, factor, i) => sum + factor * colour(values, saturation, planes, i), 0);
    for (let i = 0; i < z.length; i++) {
      const [up, down] = [1e-4, -1e-4].map((by) => {
        const moved = Float64Array.from(z);
        moved[i] = moved[i]! + by;
        return objective(moved);
      });
      expect(Math.abs(gradient[i]! - (up! - down!) / 2e-4)).toBeLessThan(1e-3);
    }
    // a negative control: the other order of planes has another image
    const other = await run(saturation, planes.toReversed(), z);
    expect(other.image).not.toEqual(image);
  },
);
