import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";

import { findLayer } from "../../lib/networks/find-layer.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";

const named = (name: string, of: Node): Node => ({ ...of, name });

test("groups that a normalisation looks at as planes are the channels that they are made of", () => {
  const image = { image: [1, 3, 4, 5] };
  const reshaped = sketch({
    inputs: image,
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("Reshape", "maps groups", "grouped"),
      named("norm", node("InstanceNormalization", "grouped ones zeros", "planes")),
      node("Shape", "maps", "whole"),
      node("Reshape", "planes whole", "flat"),
      node("Mul", "flat scale", "scaled"),
    ],
    outputs: ["scaled"],
    initializers: {
      kernel: uniform([6, 3, 1, 1], 1),
      groups: intsTensor([0, 2, -1]),
      ones: uniform([2], 2),
      zeros: uniform([2], 3),
      scale: uniform([6, 1, 1], 4),
    },
  });
  const grouped = sketch({
    inputs: image,
    nodes: [
      node("Conv", "image kernel", "maps"),
      named("node_norm", node("GroupNormalization", "maps scale bias", "y", { num_groups: 2 })),
    ],
    outputs: ["y"],
    initializers: {
      kernel: uniform([6, 3, 1, 1], 1),
      scale: uniform([6], 2),
      bias: uniform([6], 3),
    },
  });
  const rows = (file: Uint8Array) => {
    const read = decodeModel(file);
    const table = layerTable(read, specialise(read, [1, 3, 4, 5]));
    return table.slice(2).map(({ name, type, shape, channels }) => [name, type, shape, channels]);
  };
  const maps = [[1, 6, 4, 5], 6];
  expect(rows(writeModel(reshaped, 18))).toEqual([
    ["norm", "InstanceNormalization", ...maps],
    ["scaled", "Mul", ...maps],
  ]);
  const named21 = writeModel(grouped, 21, ({ graph: written }) => {
    const scope = { key: "pkg.torch.onnx.name_scopes", value: "['', 'body.norm', 'group_norm']" };
    written!.node.at(-1)!.metadataProps = [create(StringStringEntryProtoSchema, scope)];
  });
  expect(rows(named21)).toEqual([
    ["y_InstanceNormalization", "InstanceNormalization", ...maps],
    ["y_Mul", "Mul", ...maps],
    ["body.norm", "Add", ...maps],
  ]);
});

test.each([
  ["flattened", [1, 120]],
  ["in windows", [1, 24, 5, 1]],
])("planes that are laid out anew behind a normalisation, %s, are not its channels", (_, shape) => {
  const vector = sketch({
    inputs: { image: [1, 3, 4, 5] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("InstanceNormalization", "maps scale bias", "normalised"),
      node("Reshape", "normalised shape", "anew"),
      node("Relu", "anew", "relu"),
    ],
    outputs: ["relu"],
    initializers: {
      kernel: uniform([6, 3, 1, 1], 1),
      scale: uniform([6], 2),
      bias: uniform([6], 3),
      shape: intsTensor(shape),
    },
  });
  const read = decodeModel(writeModel(vector, 18));
  const layer = findLayer(layerTable(read, specialise(read, [1, 3, 4, 5])), "normalised");
  expect(layer).toMatchObject({ value: "normalised", shape: [1, 6, 4, 5], channels: 6 });
});

test("heads of attention are the channels of the tokens that they are put together to", () => {
  const attended = sketch({
    inputs: { image: [1, 3, 4, 5] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("Reshape", "maps tokens", "values"),
      node("Transpose", "values", "rows", { perm: [0, 1, 3, 2] }),
      node("MatMul", "rows values", "scores"),
      node("MatMul", "scores rows", "seen"),
      node("Transpose", "seen", "apart", { perm: [0, 2, 1, 3] }),
      node("Reshape", "apart joined", "together"),
      node("MatMul", "together matrix", "out"),
    ],
    outputs: ["out"],
    initializers: {
      kernel: uniform([6, 3, 1, 1], 1),
      tokens: intsTensor([0, 2, 3, 20]),
      joined: intsTensor([0, 0, -1]),
      matrix: uniform([6, 7], 2),
    },
  });
  const read = decodeModel(writeModel(attended, 18));
  const table = layerTable(read, specialise(read, [1, 3, 4, 5]));
  expect(table.slice(-3).map(({ name, shape, channels }) => [name, shape, channels])).toEqual([
    ["seen", [1, 2, 20, 3], 3],
    ["apart", [1, 20, 6], 6],
    ["out", [1, 20, 7], 7],
  ]);
  expect(findLayer(table, "together").name).toBe("apart");
});
