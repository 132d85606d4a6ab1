import { describe, expect, test } from "vitest";

import { layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, type FloatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../../lib/optvis/graph/vjp-graph.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";
import { runGraph } from "../../support/run-graph.ts";
import { addScaled, dot, largestDifference } from "../../support/vectors.ts";

interface Unpooled {
  readonly name: string;
  readonly image: readonly number[];
  readonly window: Attributes;
  /** Of the output, where the file says so. */
  readonly stated?: readonly number[];
}

const square = { kernel_shape: [2, 2], strides: [2, 2] };

/** As SegNet has it: what was pooled, changed, and put back where its maxima were. */
function segmenting({ image, window, stated }: Unpooled): Uint8Array {
  const graph = sketch({
    inputs: { image },
    nodes: [
      node("Conv", "image w", "maps"),
      node("MaxPool", "maps", "pool places", window),
      node("Conv", "pool v", "changed"),
      node("MaxUnpool", `changed places${stated ? " stated" : ""}`, "y", window),
    ],
    outputs: ["y"],
    initializers: {
      w: normal([4, 3, 1, 1], 2),
      v: normal([4, 4, 1, 1], 3),
      ...(stated && { stated: intsTensor(stated) }),
    },
  });
  return writeModel(graph, 18);
}

const even: Unpooled = { name: "even sides", image: [2, 3, 6, 4], window: square };

describe("MaxUnpool is what ONNX Runtime computes, and its gradient the slope", () => {
  test.each<Unpooled>([
    even,
    { name: "a side that is left over", image: [2, 3, 7, 4], window: square, stated: [2, 4, 7, 4] },
    {
      name: "gaps between windows, and padding",
      image: [1, 3, 8, 5],
      window: { kernel_shape: [2, 1], strides: [3, 2], pads: [1, 0, 1, 0] },
      stated: [1, 4, 8, 5],
    },
  ])("$name", async (given) => {
    const { image: shape } = given;
    const file = segmenting(given);
    const image = normal(shape, 1);
    const run = async (x: FloatTensor) => (await runModel(file, { image: x }))["y"] as FloatTensor;
    const [n, c, h, w] = shape as [number, number, number, number];
    const pass = layerPass(decodeModel(file), { value: "y", name: "y" }, [n, c, h, w]);
    const cotangent = normal(pass.layerShape, 4);
    const { value, gradient } = await runGraph(vjpGraph(pass, "cpu"), { image, cotangent });
    expect(largestDifference(value, await run(image))).toBeLessThan(5e-6);

    // small enough for no maximum to move elsewhere
    const [u, step] = [normal(shape, 5), 1e-3];
    const at = async (by: number) =>
      dot(await run(floatTensor(shape, addScaled(image, u, by).data)), cotangent);
    const slope = ((await at(step)) - (await at(-step))) / (2 * step);
    const length = Math.hypot(...gradient!.data);
    expect(length).toBeGreaterThan(1);
    expect(Math.abs(slope - dot(gradient!, u)) / length).toBeLessThan(2e-3);
  });
});

test("it is a layer, with the channels of what was pooled", () => {
  const model = decodeModel(segmenting(even));
  const specialised = specialise(model, [2, 3, 6, 4]);
  const layers = layerTable(model, specialised);
  const [last] = layers.slice(-1);
  expect(last).toMatchObject({ type: "MaxUnpool", shape: [2, 4, 6, 4], channelAxis: 1 });
  const made = specialised.graph.nodes.flatMap(({ outputs }) => outputs);
  expect(made).toEqual([...new Set(made)]);
});

test.each<[Unpooled, string]>([
  [
    { ...even, window: { kernel_shape: [2, 2], strides: [1, 2] } },
    "MaxUnpool 'y': windows that overlap have one place for several elements; choose a layer before it",
  ],
  [{ ...even, stated: [6, 4] }, "a window of 2 axes on [2, 4, 3, 2]"],
])("%j is refused", (given, message) => {
  const model = decodeModel(segmenting(given));
  const { problems } = specialise(model, [2, 3, 6, 4]);
  expect(problems.get("y")?.message).toContain(message);
});

test("on a card whose pools do not tell where maxima are it is left to the CPU, what precedes it is not", () => {
  const model = decodeModel(segmenting(even));
  const onCard = (value: string) =>
    vjpGraph(layerPass(model, { value, name: value }, [2, 3, 6, 4]), "webgpu");
  expect(() => onCard("y")).toThrow("WebGPU does not tell where maxima are; render it on the CPU");
  expect(onCard("changed").outputs.map(({ name }) => name)).toContain("gradient");
});
