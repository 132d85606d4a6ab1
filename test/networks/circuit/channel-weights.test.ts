import { describe, expect, test } from "vitest";

import type { channelWeights } from "../../../lib/networks/circuit/channel-weights.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { slopes } from "../../support/float64/network.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { FIRST, IMAGE, LINEAR, network } from "./linear-networks.ts";

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
      "what is subtracted from the mean of all, and turned round",
      [node("ReduceMean", "c axis", "c1"), node("Sub", "c1 c", "c2"), node("Neg", "c2", "c4")],
      { axis: intsTensor([1]) },
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

  test("a matrix whose layer has no channels to render, and places that are padded", () => {
    const { weights, uses } = network(
      [
        node("Conv", "x first", "c"),
        node("Reshape", "c row", "f"),
        node("Transpose", "f", "t", { perm: [2, 0, 1] }),
        node("Reshape", "t flat", "g"),
        node("Gemm", "g square", "h"),
        node("Reshape", "h apart", "i"),
        node("Transpose", "i", "j", { perm: [1, 0, 2] }),
        // the middle of 91 places is none of the 30
        node("Pad", "j pads", "k"),
        node("MatMul", "k square", "y"),
      ],
      {
        ...FIRST,
        square: floatTensor([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        row: intsTensor([1, 3, 30]),
        flat: intsTensor([30, 3]),
        apart: intsTensor([30, 1, 3]),
        pads: intsTensor([0, 0, 0, 0, 61, 0]),
      },
    );
    expect(named(weights(2, "j"))).toEqual([
      ["c", 3, 8],
      ["c", 2, 5],
      ["c", 1, 2],
    ]);
    expect(named(weights(2, "k"))).toEqual(named(weights(2, "j")));
    const used = uses(2, "j").map(({ layer, channel, kernel }) => [
      layer.value,
      channel,
      ...kernel,
    ]);
    expect(used).toEqual([
      ["y", 3, 6],
      ["y", 2, 5],
      ["y", 1, 4],
    ]);
    expect(() => weights(2)).toThrow("no channel of a layer, at Gemm 'h'");
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

  test.each([
    ["z", "the channel is the constant 'token' at the place that is looked at"],
    ["y", "no channel of a layer, at the constant 'token'"],
  ])("a class token before the image has come to it: %s", (name, message) => {
    const token = network(
      [
        node("Conv", "x first", "c"),
        node("Reshape", "c row", "f"),
        node("Transpose", "f", "t", { perm: [0, 2, 1] }),
        node("Concat", "token t", "j", { axis: 1 }),
        node("Gather", "j zero", "z", { axis: 1 }),
        node("Gemm", "z square", "y"),
      ],
      {
        ...FIRST,
        row: intsTensor([1, 3, 30]),
        token: normal([1, 1, 3], 33),
        zero: { type: "int64", shape: [], data: BigInt64Array.of(0n) } as never,
        square: normal([3, 3], 34),
      },
    );
    expect(() => token.weights(1, name)).toThrow(message);
  });
});
