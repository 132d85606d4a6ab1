import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { independentPlanes } from "../../../../lib/optvis/graph/parameterisation/decorrelated-colours.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

const SHAPE = [2, 4, 3, 5] as const;

/** Root mean square of the rows' lengths of Lucid's matrix, its longest column being one. */
const LUCID = [0.26, 0.09, 0.02, 0.27, 0, -0.05, 0.27, -0.09, 0.03];
const DEVIATION =
  Math.sqrt(LUCID.reduce((sum, value) => sum + value ** 2, 0) / 3) / Math.hypot(0.26, 0.27, 0.27);

test("planes are squashed each by itself, and so is the way back", async () => {
  const graph = new GraphBuilder();
  const z = graph.input("z", "float32", SHAPE);
  const cotangent = graph.input("cotangent", "float32", SHAPE);
  const { image, pullback } = independentPlanes()(graph, z);
  const built = graph.build("planes", [
    ["image", image],
    ["back", pullback(cotangent)],
  ]);
  const [of, from] = [normal(SHAPE, 1), normal(SHAPE, 2)];
  const outputs = await runGraph(built, { z: of, cotangent: from });
  of.data.forEach((value, i) => {
    const squashed = Math.tanh((DEVIATION * value) / 2);
    expect(outputs["image"]!.data[i]).toBeCloseTo(127.5 * squashed, 3);
    const slope = (127.5 * DEVIATION * (1 - squashed ** 2)) / 2;
    expect(outputs["back"]!.data[i]).toBeCloseTo(from.data[i]! * slope, 3);
  });
});
