import { expect, onTestFinished, test } from "vitest";

import { standardNode } from "../../../lib/onnx/node.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { imageActivation } from "../../../lib/optvis/ascent/image-activation.ts";
import { preActivation, withPreActivations } from "../../../lib/optvis/graph/pre-activation.ts";
import { normal } from "../../support/random.ts";
import { node } from "../../support/onnx-writer.ts";
import { networkOf } from "../ascent/engine-task.ts";

const SIZE = { height: 6, width: 9 };

const given = networkOf(
  [
    node("Conv", "image w", "sums"),
    node("Relu", "sums", "relu"),
    node("Clip", "relu zero six", "relu6"),
    node("Clip", "relu6 six", "other"),
    node("Conv", "image v", "more"),
    node("Clip", "more zero", "more_relu"),
    node("Concat", "relu more_relu", "joined", { axis: 1 }),
    node("MaxPool", "joined", "pooled places", { kernel_shape: [2, 3], strides: [2, 3] }),
    node("Transpose", "pooled", "turned", { perm: [0, 1, 3, 2] }),
    node("Split", "turned", "front back", { axis: 1, num_outputs: 2 }),
    node("AveragePool", "joined", "averaged", { kernel_shape: [2, 2] }),
    node("ReduceMean", "averaged spatial", "means", { keepdims: 1 }),
    node("Concat", "relu more", "mixed", { axis: 1 }),
    // no rectifier behind them, or something between
    node("Concat", "sums more", "plain", { axis: 1 }),
    node("LeakyRelu", "sums", "leaky"),
    node("LRN", "relu", "normed", { size: 3 }),
    node("MaxPool", "normed", "normed_pool", { kernel_shape: [2, 2] }),
    node("Identity", "sums", "y"),
  ],
  {
    w: normal([2, 3, 1, 1], 1),
    v: normal([4, 3, 1, 1], 2),
    zero: floatTensor([], [0]),
    six: floatTensor([], [6]),
    spatial: intsTensor([2, 3]),
  },
  SIZE,
);
const network = { ...given.network, model: withPreActivations(given.network.model) };
const fedBy = (name: string) => preActivation(network.model, given.target(name));

test.each([
  ["relu", ["sums"]],
  ["relu6", ["relu"]],
  ["joined", ["sums", "more"]],
  ["pooled", ["sums", "more"]],
  ["front", ["sums", "more"]],
  ["means", ["sums", "more"]],
  ["mixed", ["sums", "more"]],
])("what feeds the rectifiers of '%s'", (name, rectified) => {
  expect(fedBy(name)?.rectified).toEqual(rectified);
});

test.each(["sums", "other", "plain", "leaky", "normed", "normed_pool"])(
  "nothing feeds a rectifier of '%s'",
  (name) => expect(fedBy(name)).toBeNull(),
);

test("what feeds a layer behind thousands of others, that are joined with themselves", () => {
  const { model } = given.network;
  const joins = Array.from({ length: 12_000 }, (_, i) =>
    standardNode({
      op: "Concat",
      inputs: i === 0 ? ["relu", "more_relu"] : [`join${i - 1}`, `join${i - 1}`],
      outputs: [`join${i}`],
      attributes: { axis: 1 },
    }),
  );
  const nodes = [...model.graph.nodes, ...joins];
  const deep = withPreActivations({ ...model, graph: { ...model.graph, nodes } });
  const last = preActivation(deep, { ...given.target("relu"), value: "join11999" });
  expect(last?.rectified).toEqual(["sums", "more"]);
});

test("rectified, what feeds a layer is the layer", async () => {
  const engine = new AscentEngine({ threads: 1 });
  onTestFinished(() => engine.close());
  const image = { ...SIZE, data: normal([3, SIZE.height, SIZE.width], 5).data };
  const valuesOf = async (value: string, name: string) => {
    const layer = { ...given.target(name), value };
    return imageActivation({ engine, network, layer, size: SIZE }, image);
  };
  let cutOff = 0;
  for (const name of ["relu", "joined", "pooled", "front"]) {
    const fed = await valuesOf(fedBy(name)!.value, name);
    cutOff += fed.data.filter((value) => value < 0).length;
    const rectified = fed.data.map((value) => Math.max(0, value));
    expect({ ...fed, data: rectified }).toEqual(await valuesOf(name, name));
  }
  expect(cutOff).toBeGreaterThan(100);
});
