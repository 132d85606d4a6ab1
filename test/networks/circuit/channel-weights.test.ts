import { describe, expect, test } from "vitest";

import { channelWeights } from "../../../lib/networks/circuit/channel-weights.ts";
import { hasChannels, layerTable, type LayerWithChannels } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { float, type Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { slopes } from "../../support/float64/network.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";

const IMAGE = [1, 4, 5, 6] as const;

/** Batch normalisation whose scales have both signs. */
const NORM = {
  gamma: normal([6], 11),
  beta: normal([6], 12),
  mean: normal([6], 13),
  variance: uniform([6], 14, [0.5, 2]),
};

/** A network of an image x, whose last value is y. */
function network(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) {
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
  return { fixed, layer, weights };
}

const NORMALISED = node("BatchNormalization", "c gamma beta mean variance", "y", {
  epsilon: float(0.01),
});
const PADDED = { pads: [1, 1, 1, 1] };

/** Networks that are linear, from the image to y. */
const LINEAR: readonly (readonly [string, ReturnType<typeof network>])[] = [
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
    "channels that are shuffled, scaled, cut out and joined again",
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
        node("Concat", "x9 x8", "x10", { axis: 1 }),
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
        w: normal([6, 3, 2, 3], 5),
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

describe("the weights of a channel are its slopes along the image, in double precision", () => {
  test.each(LINEAR)("%s", (_, { fixed, layer, weights }) => {
    const { channelAxis, shape, channels } = layer("y");
    const interpreter = new Interpreter64(fixed);
    for (const channel of [1, Math.ceil(channels / 2), channels]) {
      const place = shape!.map((length, axis) =>
        axis === channelAxis ? channel - 1 : Math.floor(length / 2),
      );
      const flat = place.reduce((sum, index, axis) => sum * shape![axis]! + index, 0);
      const image = { shape: IMAGE, data: Float64Array.from(normal(IMAGE, 20).data) };
      const along = slopes(
        image,
        ({ data }) => interpreter.run(data, new Set(["y"])).get("y")!.data[flat]!,
      );
      const { sources, weighing } = weights(channel);
      expect(weighing).toHaveLength(1);
      for (let plane = 1; plane <= 4; plane++) {
        const own = along.subarray((plane - 1) * 30, plane * 30);
        const wanted = own.filter((slope) => Math.abs(slope) > 1e-7);
        const source = sources.find((each) => each.channel === plane);
        expect(source?.layer.index ?? 1).toBe(1);
        expect(source?.kernel.length ?? 0).toBe(wanted.length);
        wanted.forEach((slope, i) => expect(source!.kernel[i]).toBeCloseTo(slope, 6));
      }
      const strengths = sources.map(({ strength }) => strength);
      expect(strengths).toEqual(strengths.toSorted((a, b) => b - a));
      expect(sources.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });
});

/** What sources are called: their layers' values, channels and the first weight of each. */
const named = ({ sources }: ReturnType<typeof channelWeights>) =>
  sources.map(({ layer, channel, kernel }) => [
    layer.value,
    channel,
    Number(kernel[0]!.toFixed(4)),
  ]);

const SCALES = floatTensor([3, 1, 1], [2, -3, 5]);
const ONES = floatTensor([1, 3, 1, 1], [1, 1, 1]);
const FIRST = { first: normal([3, 4, 1, 1], 30), ones: ONES };

describe("channels are followed through what passes them on", () => {
  test.each<[string, readonly Node[], Readonly<Record<string, Tensor>>]>([
    [
      "an activation function, a norm and pools",
      [
        node("Relu", "c", "c1"),
        node("LRN", "c1", "c2", { size: 3 }),
        node("MaxPool", "c2", "c3", { kernel_shape: [2, 2] }),
        node("GlobalAveragePool", "c3", "c4"),
      ],
      {},
    ],
    [
      "a gate that is made of the channel, written out",
      [node("Sigmoid", "c", "c1"), node("Mul", "c1 c", "c4")],
      {},
    ],
    [
      "GELU, written out",
      [
        node("Div", "c root", "c1"),
        node("Erf", "c1", "c2"),
        node("Add", "c2 root", "c3"),
        node("Mul", "c c3", "c4"),
      ],
      { root: floatTensor([], [1.5]) },
    ],
    [
      "a gate for each channel",
      [
        node("GlobalAveragePool", "c", "c1"),
        node("Conv", "c1 square", "c2"),
        node("Sigmoid", "c2", "c3"),
        node("Mul", "c3 c", "c4"),
      ],
      { square: normal([3, 3, 1, 1], 31) },
    ],
    [
      "a norm over channels, written out",
      [
        node("ReduceMean", "c axis", "c1"),
        node("Sub", "c c1", "c2"),
        node("Mul", "c2 c2", "d1"),
        node("ReduceMean", "d1 axis", "d2"),
        node("Sqrt", "d2", "d3"),
        node("Div", "c2 d3", "c4"),
      ],
      { axis: intsTensor([1]) },
    ],
  ])("%s", (_, passing, initializers) => {
    const { weights } = network(
      [
        node("Conv", "x first", "c"),
        ...passing,
        node("Mul", "c4 scales", "c5"),
        node("Conv", "c5 ones", "y"),
      ],
      { ...FIRST, scales: SCALES, ...initializers },
    );
    expect(named(weights(1))).toEqual([
      ["c", 3, 5],
      ["c", 2, -3],
      ["c", 1, 2],
    ]);
  });

  test("what is made of several is a layer of its own", () => {
    const { weights } = network(
      [
        node("Conv", "x first", "c"),
        node("Conv", "x second", "d"),
        node("Mul", "c d", "e"),
        node("Conv", "e ones", "y"),
      ],
      { ...FIRST, second: normal([3, 4, 1, 1], 32) },
    );
    expect(named(weights(1)).map(([value]) => value)).toEqual(["e", "e", "e"]);
  });
});

describe("layers that are added", () => {
  test("count by their weights, and as they are once they are bent", () => {
    const { weights, layer } = network(
      [
        node("Conv", "x first", "c"),
        node("Relu", "c", "r"),
        node("Conv", "r second", "d"),
        node("Add", "d r", "y"),
      ],
      { ...FIRST, second: floatTensor([3, 3, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]) },
    );
    const { weighing } = weights(2);
    expect(weighing).toEqual([layer("d")]);
    // 1 of the sum itself beside the 5 of the matrix
    expect(named(weights(2))).toEqual([
      ["c", 3, 6],
      ["c", 2, 5],
      ["c", 1, 4],
      ["c", 2, 1],
    ]);
  });
});

describe("what has no weights is refused", () => {
  const { weights } = network(
    [
      node("Conv", "x first", "c"),
      node("Reshape", "c row", "f"),
      node("Transpose", "f", "t", { perm: [0, 2, 1] }),
      node("MatMul", "f t", "y"),
    ],
    { ...FIRST, row: intsTensor([1, 3, 30]) },
  );

  test.each([
    ["y", 1, "MatMul 'y' makes the channel, which has no weights for it"],
    ["x", 1, "the channel is the image's own"],
  ])("%s", (name, channel, message) => {
    expect(() => weights(channel, name)).toThrow(message);
  });
});
