import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";
import { largestDifference } from "../../support/vectors.ts";

interface Windows {
  /** Of the image that is put together. */
  readonly image: readonly number[];
  readonly block: readonly number[];
  readonly places: number;
  readonly attributes?: Attributes;
}

const CHANNELS = 5;

const cases: readonly Windows[] = [
  { image: [6, 7], block: [2, 3], places: 25 },
  { image: [6, 9], block: [2, 3], places: 9, attributes: { strides: [2, 3] } },
  // a row and a column that no window reaches
  { image: [6, 8], block: [3, 3], places: 4, attributes: { strides: [2, 3] } },
  {
    image: [5, 6],
    block: [3, 2],
    places: 30,
    attributes: { pads: [1, 1, 2, 0], dilations: [1, 2], strides: [1, 1] },
  },
];

function modelOf({ image, block, places, attributes = {} }: Windows) {
  const rows = CHANNELS * block[0]! * block[1]!;
  return sketch({
    inputs: { columns: [2, 4, rows, places] },
    nodes: [
      node("ReduceMean", "columns one", "mean", { keepdims: 0 }),
      node("Col2Im", "mean image block", "y", attributes),
    ],
    outputs: ["y"],
    initializers: {
      one: intsTensor([1]),
      image: intsTensor(image),
      block: intsTensor(block),
    },
  });
}

test.each(cases)("windows are added up as ONNX Runtime does: %o", async (given) => {
  const bytes = writeModel(modelOf(given), 18);
  const shape = modelOf(given).inputs[0]!.shape as [number, number, number, number];
  const columns = normal(shape, 1);
  const { y: wanted } = await runModel(bytes, { columns });
  const { graph } = specialise(decodeModel(bytes), shape);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["ReduceMean", "Reshape", "ConvTranspose"]);
  const { y } = await runModel(encodeModel(graph), { columns });
  expect(largestDifference(y, wanted)).toBeLessThan(1e-5);
});

test("columns that are no whole windows, and places that do not fit, are refused in one line", () => {
  const problem = (given: Windows) => {
    const graph = modelOf(given);
    const shape = graph.inputs[0]!.shape as [number, number, number, number];
    return specialise(decodeModel(writeModel(graph, 18)), shape).problems.get("y")?.message;
  };
  expect(problem({ ...cases[0]!, places: 24 })).toBe(
    "Col2Im 'y': 24 places of windows in an image [6, 7]",
  );
  expect(problem({ image: [60, 60], block: [60, 60], places: 1 })).toBe(
    "Col2Im 'y' has 64800000 weights of windows, and at most 33554432 are read; use a smaller model",
  );
});
