import { expect, test } from "vitest";

import { float } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { checkUpgradeTo } from "../../support/check-upgrade.ts";
import { node, sketch } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 6, 3, 4], 1);

test.each([
  { op: "RandomNormalLike", inputs: "x", attributes: { mean: float(2), scale: float(3) }, mean: 2 },
  { op: "RandomNormal", inputs: "_", attributes: { shape: x.shape }, mean: 0 },
  {
    op: "RandomUniformLike",
    inputs: "x",
    attributes: { low: float(-1), high: float(2) },
    mean: 0.5,
  },
  { op: "RandomUniform", inputs: "_", attributes: { shape: [3, 1] }, mean: 0.5 },
])("$op is its mean", async ({ op, inputs, attributes, mean }) => {
  const graph = sketch({
    inputs: { x: x.shape },
    nodes: [node(op, inputs, "noise", attributes), node("Add", "x noise", "y")],
    outputs: ["y"],
  });
  const y = floatTensor(
    x.shape,
    x.data.map((value) => value + mean),
  );
  expect(await checkUpgradeTo({ y }, graph, 7, { x })).toContain("Expand");
});
