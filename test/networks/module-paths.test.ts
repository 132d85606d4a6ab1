import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";

import { findLayer } from "../../lib/networks/find-layer.ts";
import { type Layer, layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";

interface Step {
  readonly op: string;
  readonly inputs: string;
  /** As PyTorch's TorchScript exporter names the node. */
  readonly path: string;
  /** What its exporter of 2.9 writes into `pkg.torch.onnx.name_scopes`. */
  readonly scopes: string;
  /** What both are called. */
  readonly name: string;
}

/** A residual block: a convolution, GELU in three operators, a sum, and the same ReLU twice. */
const steps: readonly Step[] = [
  {
    op: "Conv",
    inputs: "w",
    path: "/layer1/layer1.0/conv1/Conv",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']",
    name: "layer1.0.conv1",
  },
  {
    op: "Relu",
    inputs: "",
    path: "/layer1/layer1.0/relu/Relu",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.relu', 'relu']",
    name: "layer1.0.relu",
  },
  {
    op: "Erf",
    inputs: "",
    path: "/layer1/layer1.0/act/Erf",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.act', 'erf']",
    name: "layer1.0.act-Erf",
  },
  {
    op: "Mul",
    inputs: "half",
    path: "/layer1/layer1.0/act/Mul_1",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.act', 'mul_1']",
    name: "layer1.0.act",
  },
  {
    op: "Add",
    inputs: "image",
    path: "/layer1/layer1.0/Add",
    scopes: "['', 'layer1', 'layer1.0', 'add']",
    name: "layer1.0.Add",
  },
  {
    op: "Relu",
    inputs: "",
    path: "/layer1/layer1.0/relu/Relu_1",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.relu', 'relu_1']",
    name: "layer1.0.relu-relu",
  },
  {
    op: "Conv",
    inputs: "v",
    path: "/layer1/layer1.0/down/down.0/Conv",
    scopes: "['', 'layer1', 'layer1.0', 'layer1.0.down', 'layer1.0.down.0', 'conv2d_1']",
    name: "layer1.0.down.0",
  },
  { op: "Sigmoid", inputs: "", path: "/Sigmoid", scopes: "['', 'sigmoid']", name: "Sigmoid" },
];

function graphOf(nameOf: (step: Step, index: number) => string): Graph {
  const nodes = steps.map((step, i) => ({
    ...node(step.op, `${i === 0 ? "image" : `t${i - 1}`} ${step.inputs}`, `t${i}`),
    name: nameOf(step, i),
  }));
  return sketch({
    inputs: { image: [1, 3, 4, 5] },
    nodes,
    outputs: [`t${steps.length - 1}`],
    initializers: {
      w: uniform([3, 3, 1, 1], 1),
      v: uniform([6, 3, 1, 1], 2),
      half: uniform([1], 3),
    },
  });
}

function layersOf(bytes: Uint8Array): readonly Layer[] {
  const model = decodeModel(bytes);
  return layerTable(model, specialise(model, [1, 3, 4, 5]));
}

const legacy = layersOf(
  writeModel(
    graphOf(({ path }) => path),
    17,
  ),
);
const dynamo = layersOf(
  writeModel(
    graphOf((_, i) => `node_${steps[i]!.op}_${i + 90}`),
    18,
    ({ graph }) => {
      graph!.node.forEach((proto, i) => {
        const [key, value] = ["pkg.torch.onnx.name_scopes", steps[i]!.scopes];
        proto.metadataProps = [create(StringStringEntryProtoSchema, { key, value })];
      });
    },
  ),
);

test.each([
  ["by node names", legacy],
  ["by metadata", dynamo],
])("layers are called after their modules, %s", (_, layers) => {
  const names = layers.slice(1).map(({ name }) => name);
  expect(names).toEqual(steps.map(({ name }) => name));
  const modules = layers.slice(1).map(({ module }) => module);
  expect(modules).toEqual([...Array(6).fill("layer1.0"), "layer1.0.down", ""]);
  const sum = layers.find(({ type }) => type === "Add");
  expect(sum?.inputs).toEqual([1, sum!.index - 1]);
});

test("the file's own names are aliases, and suggestions search them", () => {
  expect(findLayer(dynamo, "node_Conv_90").index).toBe(2);
  expect(findLayer(dynamo, "t0").index).toBe(2);
  expect(findLayer(legacy, "/layer1/layer1.0/conv1/Conv").index).toBe(2);
  expect(findLayer(legacy, "layer1-layer1.0-conv1-Conv").index).toBe(2);
  expect(() => findLayer(dynamo, "node_Conv_9")).toThrow(
    "did you mean 'layer1.0.conv1' (2) or 'layer1.0.down.0' (8)?",
  );
});
