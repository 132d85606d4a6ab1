import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { type Attributes, float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../../lib/optvis/graph/vjp-graph.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { awayFrom, normal } from "../../support/random.ts";
import { runGraph } from "../../support/run-graph.ts";
import { slopeError } from "../../support/slope-error.ts";
import { largestDifference } from "../../support/vectors.ts";

const SHAPE = [2, 3, 7, 6] as const;
const image = awayFrom(0, normal(SHAPE, 1));

function pooling(op: string, attributes: Attributes) {
  const nodes = [node(op, "image", "y", attributes)];
  return sketch({ inputs: { image: SHAPE }, nodes, outputs: ["y"] });
}

const window = { kernel_shape: [3, 2] };

test.each<readonly [string, Attributes]>([
  ["LpPool", window],
  ["LpPool", { ...window, p: 1, strides: [2, 1], pads: [1, 0, 0, 1] }],
  ["LpPool", { ...window, p: 3, dilations: [2, 1] }],
  ["LpPool", { ...window, auto_pad: "SAME_LOWER" }],
  ["LpPool", { kernel_shape: [2, 4], strides: [2, 4], ceil_mode: 1 }],
  ["GlobalLpPool", { p: 3 }],
  ["GlobalLpPool", {}],
])("%s %j is the length of what it pools, and has its gradient", async (op, attributes) => {
  const bytes = writeModel(pooling(op, attributes), 18);
  const { y: wanted } = await runModel(bytes, { image });
  const { graph } = specialise(decodeModel(bytes), SHAPE);
  const { y } = await runModel(encodeModel(graph), { image });
  expect(largestDifference(y, wanted)).toBeLessThan(1e-5);
  expect(await slopeError(bytes, image, 3)).toBeLessThan(1e-3);
});

test("the exponent was a float at opset 1", () => {
  const nodesOf = (given: Attributes, opset: number) => {
    const decoded = decodeModel(writeModel(pooling("LpPool", { ...window, ...given }), opset));
    return specialise(decoded, SHAPE).graph;
  };
  expect(encodeModel(nodesOf({ p: float(3) }, 1))).toEqual(encodeModel(nodesOf({ p: 3 }, 18)));
});

test("of zeros alone the gradient is zero", async () => {
  for (const [op, attributes] of [
    ["LpPool", window],
    ["GlobalLpPool", { p: 3 }],
  ] as const) {
    const model = decodeModel(writeModel(pooling(op, attributes), 18));
    const pass = layerPass(model, { value: "y", name: "y" }, SHAPE);
    const zeros = floatTensor(SHAPE, new Float32Array(image.data.length));
    const cotangent = normal(pass.layerShape, 2);
    const { gradient } = await runGraph(vjpGraph(pass, "cpu"), { image: zeros, cotangent });
    expect(new Set(gradient!.data.map(Math.abs))).toEqual(new Set([0]));
  }
});

test("windows of too many weights are refused in one line", () => {
  const given = { kernel_shape: [4000, 4000], pads: [2000, 2000, 2000, 2000] };
  const { problems } = specialise(decodeModel(writeModel(pooling("LpPool", given), 18)), SHAPE);
  expect(problems.get("y")?.message).toContain("LpPool 'y' has 48000000 weights of windows");
});
