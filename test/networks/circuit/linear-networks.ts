import { channelUses } from "../../../lib/networks/circuit/channel-uses.ts";
import { channelWeights } from "../../../lib/networks/circuit/channel-weights.ts";
import { hasChannels, layerTable, type LayerWithChannels } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { float, type Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";

export const IMAGE = [1, 4, 5, 6] as const;

/** Batch normalisation whose scales have both signs. */
const NORM = {
  gamma: normal([6], 11),
  beta: normal([6], 12),
  mean: normal([6], 13),
  variance: uniform([6], 14, [0.5, 2]),
};

/** A network of an image x, whose last value is y. */
export function network(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) {
  const inputs = { x: [...IMAGE] };
  const graph = sketch({
    inputs,
    nodes,
    outputs: ["y"],
    initializers: { ...NORM, ...initializers },
  });
  const model = decodeModel(writeModel(graph, 18));
  const fixed = specialise(model, [...IMAGE]);
  const layers = layerTable(model, fixed);
  const layer = (name: string): LayerWithChannels => {
    const found = layers.find((each) => each.value === name && hasChannels(each));
    return found as LayerWithChannels;
  };
  const weights = (channel: number, name = "y") =>
    channelWeights(fixed, layers, layer(name), channel);
  const uses = (channel: number, name: string) => channelUses(fixed, layers, layer(name), channel);
  return { fixed, layer, weights, uses };
}

const NORMALISED = node("BatchNormalization", "c gamma beta mean variance", "y", {
  epsilon: float(0.01),
});
const PADDED = { pads: [1, 1, 1, 1] };

/** Networks that are linear, from the image to y. */
export const LINEAR: readonly (readonly [string, ReturnType<typeof network>])[] = [
  [
    "a convolution in groups, and a batch normalisation",
    network([node("Conv", "x w b", "c", { group: 2, ...PADDED }), NORMALISED], {
      w: normal([6, 2, 3, 2], 1),
      b: normal([6], 2),
    }),
  ],
  [
    "a transposed convolution in groups",
    network([node("ConvTranspose", "x w", "y", { group: 2 })], { w: normal([4, 3, 2, 3], 3) }),
  ],
  [
    "channels that are shuffled, scaled, cut out and joined again, to a plane of constants too",
    network(
      [
        node("Reshape", "x parted", "x1"),
        node("Transpose", "x1", "x2", { perm: [0, 2, 1, 3, 4] }),
        node("Reshape", "x2 whole", "x3"),
        node("Mul", "x3 scales", "x4"),
        node("Split", "x4", "x5 x6", { axis: 1, num_outputs: 2 }),
        node("Slice", "x6 one two axis", "x7"),
        node("Gather", "x5 swapped", "x8", { axis: 1 }),
        node("Neg", "x7", "x9"),
        node("Concat", "x9 rows x8", "x10", { axis: 1 }),
        node("Conv", "x10 w", "y"),
      ],
      {
        parted: intsTensor([1, 2, 2, 5, 6]),
        whole: intsTensor([1, 4, 5, 6]),
        scales: normal([4, 1, 1], 4),
        one: intsTensor([1]),
        two: intsTensor([2]),
        axis: intsTensor([1]),
        swapped: intsTensor([1, 0]),
        rows: normal([1, 1, 5, 6], 10),
        w: normal([6, 4, 2, 3], 5),
      },
    ),
  ],
  [
    "a fully connected layer of a whole map",
    network(
      [node("Flatten", "x", "f"), node("Gemm", "f w b", "y", { transB: 1, alpha: float(0.5) })],
      { w: normal([6, 4 * 5 * 6], 6), b: normal([6], 7) },
    ),
  ],
  [
    "a fully connected layer of a map with its channels last",
    network(
      [
        node("Transpose", "x", "t", { perm: [0, 2, 3, 1] }),
        node("Reshape", "t row", "f"),
        node("MatMul", "f w", "y"),
      ],
      { row: intsTensor([1, -1]), w: normal([4 * 5 * 6, 6], 8) },
    ),
  ],
  [
    "a product with a matrix at each place, with its channels last",
    network(
      [
        node("Transpose", "x", "t", { perm: [0, 2, 3, 1] }),
        node("MatMul", "t w", "m"),
        node("Sub", "half m", "y"),
      ],
      { half: floatTensor([], [0.5]), w: normal([4, 6], 9) },
    ),
  ],
];

export const ONES = floatTensor([1, 3, 1, 1], [1, 1, 1]);
/** Weights of a first convolution, and of a sum of its channels. */
export const FIRST = { first: normal([3, 4, 1, 1], 30), ones: ONES };
