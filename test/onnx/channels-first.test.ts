import { expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, type FloatTensor } from "../../lib/onnx/tensor.ts";
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
      initializers: { w: normal([4, 3, 2, 2], 1), mean: floatTensor([3], [0.1, 0.2, 0.3]) },
    }),
    13,
  );

const convolution = node("Conv", "first w", "y");
/** As `tf.keras.layers.Rescaling` comes before the first convolution. */
const preprocessing = [
  node("Sub", "image mean", "centred"),
  node("Transpose", "centred", "first", { perm: [0, 3, 1, 2] }),
];

test.each([
  ["transposed first thing", [toFirst, convolution]],
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
