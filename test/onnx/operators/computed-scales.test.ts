import { expect, test } from "vitest";

import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { checkUpgrade } from "../../support/check-upgrade.ts";
import { node, sketch } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 6, 3, 4], 1, [-2, 2]);

/** The scale of one axis, floor(factor * length) / length, as a row. */
const scaleAlong = (axis: "h" | "w") => [
  node("Shape", "x", `${axis}all`),
  node("Gather", `${axis}all ${axis}place`, `${axis}long`),
  node("Cast", `${axis}long`, axis, { to: 1 }),
  node("Mul", `${axis} factor`, `${axis}scaled`),
  node("Floor", `${axis}scaled`, `${axis}floor`),
  node("Div", `${axis}floor ${axis}`, `${axis}scale`),
  node("Unsqueeze", `${axis}scale`, `${axis}row`, { axes: [0] }),
];

// what PyTorch wrote of F.interpolate(x, scale_factor=...)
test.each([
  [9, "Upsample", 2],
  [10, "Resize", 2],
  [10, "Resize", 0.5],
])("of opset %i %s by computed scales, of %f, reads the same pixels", async (...row) => {
  const [opset, op, factor] = row;
  const graph = sketch({
    inputs: { x: x.shape },
    nodes: [
      ...scaleAlong("h"),
      ...scaleAlong("w"),
      node("Concat", "ones hrow wrow", "scales", { axis: 0 }),
      node(op, "x scales", "y", { mode: "nearest" }),
    ],
    outputs: ["y"],
    initializers: {
      hplace: { ...intsTensor([2]), shape: [] },
      wplace: { ...intsTensor([3]), shape: [] },
      factor: floatTensor([], [factor]),
      ones: floatTensor([2], [1, 1]),
    },
  });
  expect(await checkUpgrade(graph, opset, { x })).toContain("Resize");
});
