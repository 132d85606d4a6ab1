import { expect, test } from "vitest";

import { vjp } from "../../lib/autodiff/vjp.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { networkOf } from "../optvis/ascent/engine-task.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

const SHAPE = [1, 3, 5, 4] as const;

/** Two ReLUs with a pool behind the second, which otherwise takes over its mask. */
const network = networkOf(
  [
    node("Relu", "image", "first"),
    node("Sub", "first shift", "shifted"),
    node("Relu", "shifted", "second"),
    node("MaxPool", "second", "y", { kernel_shape: [1, 1] }),
  ],
  { shift: { ...normal([1, 3, 1, 1], 4), data: Float32Array.of(0.1, 0.4, 0.9) } },
  { height: 5, width: 4 },
);

async function gradientOf(relu: "gradient" | "redirected") {
  const pass = layerPass(network.network.model, network.layer("y"), SHAPE);
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", SHAPE);
  const asked = graph.input("asked", "float32", SHAPE);
  const { pullback } = vjp(graph, pass, { image, provider: "cpu", relu });
  const built = graph.build("redirected", [["gradient", pullback(asked)]]);
  const feeds = { image: normal(SHAPE, 1), asked: normal(SHAPE, 2) };
  const outputs = await runGraph(built, feeds);
  return { ...feeds, gradient: outputs["gradient"]!.data };
}

test("the redirected way leads through every ReLU that is open or asked to rise", async () => {
  const { image, asked, gradient } = await gradientOf("redirected");
  const wanted = asked.data.map((dY, i) => {
    const x = image.data[i]!;
    const shifted = Math.max(x, 0) - [0.1, 0.4, 0.9][Math.floor(i / 20)]!;
    return (shifted > 0 || dY > 0) && (x > 0 || dY > 0) ? dY : 0;
  });
  // a product with zero may be -0
  expect([...gradient].map((value) => value + 0)).toEqual([...wanted]);
  const plain = await gradientOf("gradient");
  expect([...plain.gradient].map((value) => value + 0)).not.toEqual([...wanted]);
});
