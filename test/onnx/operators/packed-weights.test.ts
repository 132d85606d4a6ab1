import { describe, expect, test } from "vitest";

import { layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { DataType } from "../../../lib/onnx/element-type.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor, toNumbers } from "../../../lib/onnx/tensor.ts";
import { integers, microsoft } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal, uniform } from "../../support/random.ts";

const COLUMNS = 3;

interface Packed {
  readonly bits: number;
  /** Bytes of the packed zero points, numbers, or none. */
  readonly zeros: "packed" | "numbers" | "none";
  readonly rows: number;
  readonly bias?: true;
}

const BLOCK = 16;
const bytes = (shape: readonly number[], seed: number) =>
  integers(DataType.uint8, shape, uniform(shape, seed, [0, 255]).data.map(Math.floor));

function modelOf({ bits, zeros, rows, bias }: Packed, more: Partial<Record<string, Tensor>> = {}) {
  const blocks = Math.ceil(rows / BLOCK);
  const weights = bytes([COLUMNS, blocks, (BLOCK * bits) / 8], 1);
  const zeroPoints = {
    packed: bytes([COLUMNS * Math.ceil((blocks * bits) / 8)], 2),
    numbers: uniform([COLUMNS, blocks], 3, [0, 2 ** bits - 1]),
    none: null,
  }[zeros];
  const names = ["x", "w_Q4", "scales", zeroPoints ? "zeros" : "_", "_", bias ? "bias" : "_"];
  const attributes: Attributes = { K: rows, N: COLUMNS, bits, block_size: BLOCK };
  const graph = sketch({
    inputs: { x: [2, 1, 5, rows] },
    nodes: [{ ...microsoft(node("MatMulNBits", names.join(" "), "y", attributes)), name: "fc_Q4" }],
    outputs: ["y"],
    initializers: {
      w_Q4: weights,
      scales: uniform([COLUMNS, blocks], 4, [0.01, 0.1]),
      ...(zeroPoints && { zeros: zeroPoints }),
      ...(bias && { bias: normal([COLUMNS], 5) }),
      ...more,
    },
  });
  return writeModel(graph, 18);
}

describe("MatMulNBits", () => {
  test.each<Packed>([
    { bits: 4, zeros: "none", rows: 32 },
    { bits: 4, zeros: "packed", rows: 40, bias: true },
    { bits: 4, zeros: "numbers", rows: 32 },
    { bits: 8, zeros: "none", rows: 16, bias: true },
    { bits: 8, zeros: "packed", rows: 32 },
    { bits: 2, zeros: "none", rows: 48 },
    { bits: 2, zeros: "packed", rows: 48 },
  ])("of $bits bits, $zeros, $rows rows is a product with the numbers", async (given) => {
    const file = modelOf(given);
    const { graph } = decodeModel(file);
    expect(graph.nodes.map(({ op }) => op)).toEqual(given.bias ? ["MatMul", "Add"] : ["MatMul"]);
    const x = { x: normal([2, 1, 5, given.rows], 6) };
    const wanted = (await runModel(file, x))["y"]!;
    const { y } = await runModel(encodeModel(graph), x);
    expect(y!.shape).toEqual(wanted.shape);
    const numbers = toNumbers(wanted);
    toNumbers(y!).forEach((value, i) => expect(value).toBeCloseTo(numbers[i]!, 4));
  });

  test("the first integer of a byte is in its lowest bits", () => {
    // 0x21 is 1 and 2, of which the middle of the range is taken off
    const w = integers(DataType.uint8, [1, 1, 8], [0x21, 0x43, 0x65, 0x87, 0xa9, 0xcb, 0xed, 0xff]);
    const attributes = { K: 16, N: 1, bits: 4, block_size: 16 };
    const graph = sketch({
      inputs: { x: [1, 16] },
      nodes: [microsoft(node("MatMulNBits", "x w s", "y", attributes))],
      outputs: ["y"],
      initializers: { w, s: floatTensor([1], [0.5]) },
    });
    const made = decodeModel(writeModel(graph, 18)).graph;
    const kernel = made.initializers.get(made.nodes[0]!.inputs[1]!);
    expect(kernel?.shape).toEqual([16, 1]);
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15];
    expect(kernel).toMatchObject({ data: Float32Array.from(numbers, (q) => (q - 8) / 2) });
  });
});

test.each([0, 1])("MatMulBnb4 of type %i is a product with the numbers", async (quant_type) => {
  const [rows, columns] = [40, COLUMNS];
  const attributes = { K: rows, N: columns, block_size: BLOCK, quant_type };
  const graph = sketch({
    inputs: { x: [2, 1, 5, rows] },
    nodes: [microsoft(node("MatMulBnb4", "x w_Bnb4 largest", "y", attributes))],
    outputs: ["y"],
    initializers: {
      w_Bnb4: bytes([(rows * columns) / 2], 1),
      largest: uniform([Math.ceil((rows * columns) / BLOCK)], 2, [0.1, 1]),
    },
  });
  const file = writeModel(graph, 18);
  const x = { x: normal([2, 1, 5, rows], 3) };
  const wanted = toNumbers((await runModel(file, x))["y"]!);
  const read = decodeModel(file).graph;
  expect(read.nodes.map(({ op }) => op)).toEqual(["MatMul"]);
  const { y } = await runModel(encodeModel(read), x);
  toNumbers(y!).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 4));
});

/** Behind an image, as a layer of a network. */
function problemOf(edit: (inputs: string[]) => string[], attributes: Attributes = {}) {
  const packing = { K: 16, N: COLUMNS, bits: 4, block_size: BLOCK, ...attributes };
  const inputs = edit(["pooled", "w_Q4", "scales"]).join(" ");
  const graph = sketch({
    inputs: { image: [1, 3, 4, 4] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("GlobalAveragePool", "maps", "pool"),
      node("Flatten", "pool", "pooled"),
      { ...microsoft(node("MatMulNBits", inputs, "y", packing)), name: "fc_Q4" },
    ],
    outputs: ["y"],
    initializers: {
      kernel: normal([16, 3, 1, 1], 1),
      w_Q4: bytes([COLUMNS, 1, 8], 2),
      scales: uniform([COLUMNS], 3),
      order: intsTensor([0]),
    },
  });
  const model = decodeModel(writeModel(graph, 18));
  const specialised = specialise(model, [1, 3, 4, 4]);
  const { name, type, quantised } = layerTable(model, specialised).at(-1)!;
  return { name, type, quantised, problem: specialised.problems.get("y")?.message ?? null };
}

test("it is a quantised layer, called as before it was one", () => {
  const layer = { name: "fc", type: "MatMul", quantised: true, problem: null };
  expect(problemOf((inputs) => inputs)).toEqual(layer);
});

test.each([
  [["pooled", "w_Q4", "scales", "_", "order"], {}, "an order of the weights of its own (g_idx)"],
  [["pooled", "w_Q4", "pooled"], {}, "weights, scales or zero points that are no constants"],
  [["pooled", "w_Q4", "scales"], { bits: 3 }, "integers of 3 bits is not supported"],
  [["pooled", "w_Q4", "scales"], { N: 4 }, "packed weights have [3, 1, 8], wanted 32 elements"],
  [["pooled", "w_Q4", "scales"], { block_size: 0 }, "blocks of 0 in weights [3, 16]"],
])("inputs %j with %j are refused", (inputs, attributes, message) => {
  expect(problemOf(() => inputs, attributes).problem).toContain(message);
});
