import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { imageInputOf } from "../../lib/onnx/image-input.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import {
  floatTensor,
  type FloatTensor,
  type Int64Tensor,
  toNumbers,
} from "../../lib/onnx/tensor.ts";
import { loop } from "../support/control-flow.ts";
import { int } from "../support/integers.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { normal } from "../support/random.ts";

const [HEIGHT, WIDTH] = [5, 7];

const toFirst = node("Transpose", "image", "first", { perm: [0, 3, 1, 2] });
const network = (shape: readonly (number | null)[], nodes: readonly Node[]) =>
  writeModel(
    sketch({
      inputs: { image: shape },
      nodes,
      outputs: ["y"],
      initializers: {
        w: normal([4, 3, 2, 2], 1),
        mean: floatTensor([3], [0.1, 0.2, 0.3]),
        zero: int(0),
      },
    }),
    13,
  );

const convolution = node("Conv", "first w", "y");
/** As `tf.keras.layers.Rescaling` comes before the first convolution. */
const preprocessing = [
  node("Sub", "image mean", "centred"),
  node("Transpose", "centred", "first", { perm: [0, 3, 1, 2] }),
];

/** As many rounds as there are images, each of which adds the image. */
const adding = [
  node("Shape", "image", "shape"),
  node("Gather", "shape zero", "images"),
  loop("images _ image", "twice", {
    inputs: "i c h",
    nodes: [node("Identity", "c", "c2"), node("Add", "h image", "g")],
    outputs: "c2 g",
  }),
  node("Transpose", "twice", "first", { perm: [0, 3, 1, 2] }),
];

test.each([
  ["transposed first thing", [toFirst, convolution]],
  ["read inside a Loop", [...adding, convolution]],
  ["read as it is first", [...preprocessing, convolution]],
  ["both", [node("Identity", "image", "image_channels_last"), toFirst, convolution]],
])("an image [N, H, W, 3], %s, becomes [N, 3, H, W]", async (_, nodes) => {
  const file = network([null, HEIGHT, WIDTH, 3], nodes);
  const model = decodeModel(file);
  expect(model.graph.inputs).toEqual([
    { name: "image", type: "float32", shape: [null, 3, HEIGHT, WIDTH] },
  ]);
  const { graph, problems } = specialise(model, [1, 3, HEIGHT, WIDTH]);
  expect([...problems]).toEqual([]);

  const last = normal([1, HEIGHT, WIDTH, 3], 2);
  const wanted = await runModel(file, { image: last });
  expect(await runModel(encodeModel(graph), { image: channelsFirst(last) })).toEqual(wanted);
});

test("the file's own transposition is plumbing, not a layer", () => {
  const model = decodeModel(network([1, null, null, 3], [toFirst, convolution]));
  const layers = layerTable(model, specialise(model, [1, 3, HEIGHT, WIDTH]));
  expect(layers.map(({ name, shape }) => [name, shape])).toEqual([
    ["image", [1, 3, HEIGHT, WIDTH]],
    ["y", [1, 4, HEIGHT - 1, WIDTH - 1]],
  ]);
});

test.each([[[1, 3, HEIGHT, WIDTH]], [[1, 3, HEIGHT, 3]], [[null, null, null, null]]])(
  "an image %o stays as it is",
  (shape) => {
    const { graph } = decodeModel(network(shape, [node("Conv", "image w", "y")]));
    expect(graph.inputs[0]!.shape).toEqual(shape);
    expect(graph.nodes).toHaveLength(1);
  },
);

function channelsFirst({ data }: FloatTensor): FloatTensor {
  const places = HEIGHT * WIDTH;
  return floatTensor(
    [1, 3, HEIGHT, WIDTH],
    Array.from({ length: 3 * places }, (_, i) => data[(i % places) * 3 + Math.floor(i / places)]!),
  );
}

describe("any other image becomes [N, C, H, W] too", () => {
  const axis = (...axes: readonly bigint[]): Int64Tensor => {
    return { type: "int64", shape: [axes.length], data: BigInt64Array.from(axes) };
  };
  const C = 2;
  /** A file's image, its first operators, and where its values lie among [1, C, H, W]. */
  const CASES: readonly (readonly [
    name: string,
    shape: readonly number[],
    nodes: readonly Node[],
    places: (c: number, y: number, x: number) => number,
  ])[] = [
    ["[N, H, W, 2]", [1, HEIGHT, WIDTH, C], [toFirst], (c, y, x) => (y * WIDTH + x) * C + c],
    [
      "[N, 2, H, W] whose last axis is as short",
      [1, C, HEIGHT, 2],
      [node("Identity", "image", "first")],
      (c, y, x) => (c * HEIGHT + y) * 2 + x,
    ],
    [
      "[2, H, W]",
      [C, HEIGHT, WIDTH],
      [node("Unsqueeze", "image zero", "first")],
      (c, y, x) => (c * HEIGHT + y) * WIDTH + x,
    ],
    [
      "[2, H, W] out of a list of one, as detectors of torchvision resize it",
      [C, HEIGHT, WIDTH],
      [
        node("Unsqueeze", "image zero", "one"),
        node("Gather", "one index", "only", { axis: 0 }),
        node("Unsqueeze", "only zero", "first"),
      ],
      (c, y, x) => (c * HEIGHT + y) * WIDTH + x,
    ],
    [
      "[H, W, 2]",
      [HEIGHT, WIDTH, C],
      [
        node("Unsqueeze", "image zero", "one"),
        node("Transpose", "one", "first", { perm: [0, 3, 1, 2] }),
      ],
      (c, y, x) => (y * WIDTH + x) * C + c,
    ],
  ];

  test.each(CASES)("%s", async (_, shape, nodes, place) => {
    const width = shape.join() === [1, C, HEIGHT, 2].join() ? 2 : WIDTH;
    const file = writeModel(
      sketch({
        inputs: { image: shape },
        nodes: [...nodes, node("Conv", "first w", "y")],
        outputs: ["y"],
        initializers: {
          w: normal([4, C, 2, 2], 1),
          zero: axis(0n),
          index: { ...axis(0n), shape: [] },
        },
      }),
      13,
    );
    const model = decodeModel(file);
    expect(model.graph.inputs).toEqual([
      { name: "image", type: "float32", shape: [1, C, HEIGHT, width] },
    ]);
    const { graph, problems } = specialise(model, [1, C, HEIGHT, width]);
    expect([...problems]).toEqual([]);
    const given = normal(shape, 2);
    const pixels = HEIGHT * width;
    const first = floatTensor(
      [1, C, HEIGHT, width],
      Array.from({ length: C * pixels }, (__, i) => {
        const [c, y, x] = [Math.floor(i / pixels), Math.floor((i % pixels) / width), i % width];
        return given.data[place(c, y, x)]!;
      }),
    );
    expect(await runModel(encodeModel(graph), { image: first })).toEqual(
      await runModel(file, { image: given }),
    );
  });

  test.each([
    { shape: [1, 9, 10, 4], becomes: [1, 4, 9, 10] },
    { shape: [1, 8, 8, 1], becomes: [1, 1, 8, 8] },
    { shape: [null, null, null, 2], becomes: [null, 2, null, null] },
    // colours say more than lengths do
    { shape: [1, 9, 2, 3], becomes: [1, 3, 9, 2] },
    { shape: [1, 3, 9, 3], becomes: [1, 3, 9, 3] },
    // the last axis is not short, or one before it is
    { shape: [1, 9, 10, 5], becomes: [1, 9, 10, 5] },
    { shape: [1, 9, 10, null], becomes: [1, 9, 10, null] },
    { shape: [1, 9, 7, 4], becomes: [1, 9, 7, 4] },
    { shape: [1, 7, 9, 4], becomes: [1, 7, 9, 4] },
  ])("$shape becomes $becomes, where no operator tells otherwise", ({ shape, becomes }) => {
    const { graph } = decodeModel(network(shape, [node("Flatten", "image", "y")]));
    expect(graph.inputs[0]!.shape).toEqual(becomes);
  });

  test("weights that read the second axis say more than the lengths of the axes", () => {
    const file = writeModel(
      sketch({
        inputs: { image: [1, 9, 10, 4] },
        nodes: [node("Conv", "image w", "y")],
        outputs: ["y"],
        initializers: { w: normal([5, 9, 2, 2], 1) },
      }),
      13,
    );
    expect(decodeModel(file).graph.inputs[0]!.shape).toEqual([1, 9, 10, 4]);
  });

  test("an image of which nothing is known has colours", () => {
    const file = network([null, null, null, null], [node("Flatten", "image", "y")]);
    expect(imageInputOf(decodeModel(file).graph).planes).toBe(3);
  });

  test("[3, H, W] is one image of colours, where no operator tells otherwise", () => {
    const nodes = [node("Flatten", "image", "y", { axis: 1 })];
    const { graph } = decodeModel(network([3, HEIGHT, WIDTH], nodes));
    expect(graph.inputs[0]!.shape).toEqual([1, 3, HEIGHT, WIDTH]);
  });

  test("[N, H, W], for any N, and flattened too", async () => {
    const file = writeModel(
      sketch({
        inputs: { image: [1, HEIGHT, WIDTH] },
        nodes: [node("Flatten", "image", "row", { axis: 1 }), node("MatMul", "row w", "y")],
        outputs: ["y"],
        initializers: { w: normal([HEIGHT * WIDTH, 3], 1) },
      }),
      13,
    );
    const model = decodeModel(file);
    expect(model.graph.inputs[0]!.shape).toEqual([1, 1, HEIGHT, WIDTH]);
    const { graph, problems } = specialise(model, [2, 1, HEIGHT, WIDTH]);
    expect([...problems]).toEqual([]);
    const { data } = normal([2, 1, HEIGHT, WIDTH], 2);
    const both = await runModel(encodeModel(graph), {
      image: floatTensor([2, 1, HEIGHT, WIDTH], data),
    });
    const second = await runModel(file, {
      image: floatTensor([1, HEIGHT, WIDTH], data.subarray(HEIGHT * WIDTH)),
    });
    expect(toNumbers(both["y"]!).slice(3)).toEqual(toNumbers(second["y"]!));
  });

  test.each([
    [
      [null, 28, 28, 1],
      [null, 1, 28, 28],
    ],
    [
      [null, 1, 28, 28],
      [null, 1, 28, 28],
    ],
    [
      [1, 40, 30, 4],
      [1, 4, 40, 30],
    ],
    [
      [1, 13, 40, 30],
      [1, 13, 40, 30],
    ],
  ])("where the image is flattened its lengths tell: %j is %j", (shape, wanted) => {
    const nodes = [node("Flatten", "image", "y", { axis: 1 })];
    const { graph } = decodeModel(network(shape, nodes));
    expect(graph.inputs[0]!.shape).toEqual(wanted);
  });

  test("whole numbers that are cast first are floats", () => {
    const cast = (nodes: readonly Node[]) =>
      decodeModel(
        writeModel(
          sketch({
            inputs: { image: [1, 3, HEIGHT, WIDTH] },
            types: { image: "int32" },
            nodes: [...nodes, node("Conv", "x w", "y")],
            outputs: [],
            initializers: { w: normal([4, 3, 2, 2], 1) },
          }),
          13,
        ),
      ).graph;
    const graph = cast([node("Cast", "image", "x", { to: 1 })]);
    expect(graph.inputs[0]).toMatchObject({ type: "float32", shape: [1, 3, HEIGHT, WIDTH] });
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Identity", "Conv"]);
    // arithmetic of whole numbers is not that of floats
    const halved = cast([node("Div", "image image", "h"), node("Cast", "h", "x", { to: 1 })]);
    expect(halved.inputs[0]!.type).toBe("int32");
  });
});
