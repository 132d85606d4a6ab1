import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { type Attributes, float, type Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { type FloatTensor, floatTensor } from "../../../lib/onnx/tensor.ts";
import { microsoft } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";
import { largestDifference } from "../../support/vectors.ts";

/** What ONNX Runtime has no kernel of on the CPU, beside the same in other operators. */
interface Pair {
  readonly op: string;
  readonly inputs: string;
  readonly attributes: Attributes;
  readonly plain: readonly Node[];
}

const last = normal([2, 5, 6, 4], 1);
const toFirst = { perm: [0, 3, 1, 2] };
const toLast = { perm: [0, 2, 3, 1] };
const group = { num_groups: 2, epsilon: float(0.01) };

const pairs: readonly Pair[] = [
  {
    op: "NhwcConv",
    inputs: "x w b",
    attributes: { kernel_shape: [3, 2], strides: [2, 1] },
    plain: [
      node("Transpose", "x", "first", toFirst),
      node("Transpose", "w", "kernel", toFirst),
      node("Conv", "first kernel b", "maps", { strides: [2, 1] }),
      node("Transpose", "maps", "y", toLast),
    ],
  },
  {
    op: "GroupNorm",
    inputs: "x gamma beta",
    attributes: { groups: 2, epsilon: float(0.01), activation: 1 },
    plain: [
      node("Transpose", "x", "first", toFirst),
      node("GroupNormalization", "first gamma beta", "z", group),
      node("Sigmoid", "z", "gate"),
      node("Mul", "z gate", "bent"),
      node("Transpose", "bent", "y", toLast),
    ],
  },
  {
    op: "GroupNorm",
    inputs: "x scale bias",
    // five channels, behind the batch
    attributes: { groups: 5, channels_last: 0 },
    plain: [node("GroupNormalization", "x scale bias", "y", { num_groups: 5 })],
  },
  {
    op: "BiasAdd",
    inputs: "x four skip",
    attributes: {},
    plain: [node("Add", "x four", "sum"), node("Add", "sum skip", "y")],
  },
];

const weights = {
  w: normal([6, 3, 2, 4], 2),
  b: normal([6], 3),
  gamma: normal([4], 4),
  beta: normal([4], 5),
  scale: normal([5], 8),
  bias: normal([5], 9),
  four: normal([4], 6),
  skip: normal([2, 5, 6, 4], 7),
};
test.each(pairs)("$op of $inputs is what it is in other operators", async (pair) => {
  const { op, inputs, attributes, plain } = pair;
  const write = (nodes: readonly Node[]) =>
    writeModel(
      sketch({
        inputs: { x: [2, 5, 6, 4] },
        nodes,
        outputs: ["y"],
        initializers: weights,
      }),
      21,
    );
  const wanted = await runModel(write(plain), { x: last });
  const fused = decodeModel(write([microsoft(node(op, inputs, "y", attributes))]));
  const isTurned = fused.graph.inputs[0]!.shape!.join() !== "2,5,6,4";
  const fed = isTurned ? transposed(last) : last;
  const given = await runModel(encodeModel(fused.graph), { x: fed });
  expect(largestDifference(given["y"], wanted["y"])).toBeLessThan(1e-5);
});

/** [N, H, W, C] -> [N, C, H, W]. */
function transposed({ shape, data }: FloatTensor): FloatTensor {
  const [n, h, w2, c] = shape as [number, number, number, number];
  const values = Array.from({ length: data.length }, (_, i) => {
    const [image, rest] = [Math.floor(i / (c * h * w2)), i % (c * h * w2)];
    const [channel, place] = [Math.floor(rest / (h * w2)), rest % (h * w2)];
    return data[image * c * h * w2 + place * c + channel]!;
  });
  return floatTensor([n, c, h, w2], values);
}

test("of a layout in blocks all is read but the convolutions, which are refused in one line", () => {
  const blocked = (op: string, inputs: string, output: string, attributes: Attributes = {}) => ({
    ...node(op, inputs, output, attributes),
    domain: "com.microsoft.nchwc",
  });
  const graph = sketch({
    inputs: { image: [1, 3, 6, 8] },
    nodes: [
      blocked("ReorderInput", "image", "blocks"),
      blocked("MaxPool", "blocks", "pooled", { kernel_shape: [2, 2], strides: [2, 2] }),
      blocked("ReorderOutput", "pooled", "last", { channels: 3, channels_last: 1 }),
      blocked("Conv", "pooled w", "maps", { kernel_shape: [2, 2] }),
    ],
    outputs: ["last", "maps"],
    initializers: { w: normal([16, 16, 2, 2], 1) },
  });
  const { facts, problems } = specialise(decodeModel(writeModel(graph, 18)), [1, 3, 6, 8]);
  expect(facts.get("last")?.shape).toEqual([1, 3, 4, 3]);
  expect(problems.get("maps")?.message).toBe(
    "Conv 'maps': its weights are laid out for one kind of processor, in blocks whose length the file does not say; use the model as it was exported, or save it with ORT_ENABLE_EXTENDED in place of ORT_ENABLE_ALL",
  );
});
