import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
} from "onnx-buf";
import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { float, type Node } from "../../lib/onnx/model.ts";
import { boolScalar } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { normal } from "../support/random.ts";

const OPSET = 18;
const image = normal([1, 3, 5, 4], 1);
const kernel = normal([3, 3, 2, 3], 2);

const call = (op: string, inputs: string, outputs: string, attributes = {}): Node => ({
  ...node(op, inputs, outputs, attributes),
  name: `${op.toLowerCase()}_of_${outputs.split(" ").at(-1)}`,
  domain: "local",
});

interface Sketch {
  readonly inputs: string;
  readonly outputs: string;
  readonly nodes: readonly Node[];
  /** Attributes of a node that are the function's, by the place of the node. */
  readonly references?: Readonly<Record<number, string>>;
  readonly defaults?: Readonly<Record<string, number>>;
  readonly opset?: number;
}

function functionOf(name: string, given: Sketch): FunctionProto {
  const { inputs, outputs, nodes, references = {}, defaults = {}, opset = OPSET } = given;
  const graph = sketch({ inputs: {}, nodes, outputs: [] });
  const written: FunctionProto["node"] = [];
  // through a file: what a function holds are a graph's nodes
  writeModel(graph, OPSET, (model) => void written.push(...model.graph!.node));
  for (const [place, attribute] of Object.entries(references)) {
    const reference = { name: attribute, refAttrName: attribute };
    const type = AttributeProto_AttributeType.FLOAT;
    written[Number(place)]!.attribute.push(create(AttributeProtoSchema, { ...reference, type }));
  }
  return create(FunctionProtoSchema, {
    name,
    domain: "local",
    input: inputs.split(" "),
    output: outputs.split(" "),
    node: written,
    attribute: Object.values(references).filter((each) => !(each in defaults)),
    attributeProto: Object.entries(defaults).map(([key, f]) =>
      create(AttributeProtoSchema, { name: key, f, type: AttributeProto_AttributeType.FLOAT }),
    ),
    opsetImport: [
      create(OperatorSetIdProtoSchema, { version: BigInt(opset) }),
      create(OperatorSetIdProtoSchema, { domain: "local", version: 1n }),
    ],
  });
}

function modelOf(nodes: readonly Node[], functions: readonly FunctionProto[]): Uint8Array {
  const initializers = { w: kernel, yes: boolScalar(true) };
  const graph = sketch({ inputs: { image: image.shape }, nodes, outputs: ["y"], initializers });
  return writeModel(graph, OPSET, (model) => {
    model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: "local", version: 1n }));
    model.functions.push(...functions);
  });
}

const silu = functionOf("Silu", {
  inputs: "x",
  outputs: "z",
  nodes: [node("Sigmoid", "x", "s"), node("Mul", "x s", "z")],
});
const block = functionOf("Block", {
  inputs: "x w bias",
  outputs: "z",
  nodes: [node("Conv", "x w bias", "s", { pads: [1, 1, 0, 1] }), call("Silu", "s", "z")],
});
const leaky = functionOf("Leaky", {
  inputs: "x",
  outputs: "z",
  nodes: [node("LeakyRelu", "x", "z")],
  references: { 0: "alpha" },
});
const steep = functionOf("Steep", {
  inputs: "x",
  outputs: "z",
  nodes: [node("LeakyRelu", "x", "z")],
  references: { 0: "alpha" },
  defaults: { alpha: 0.7 },
});
const both = functionOf("Both", {
  inputs: "x",
  outputs: "x z",
  nodes: [node("Neg", "x", "z")],
});
const branch = (op: string) => ({
  graph: sketch({ inputs: {}, nodes: [node(op, "x", "z")], outputs: ["z"] }),
});
const choice = functionOf("Choice", {
  inputs: "x t",
  outputs: "y",
  nodes: [node("If", "t", "y", { then_branch: branch("Relu"), else_branch: branch("Neg") })],
});

describe("a node of the file's own function is the function's nodes", () => {
  test.each<[string, readonly Node[], readonly string[]]>([
    ["one", [call("Silu", "image", "y")], ["Sigmoid", "Mul"]],
    [
      "inside another, twice, without an input",
      [call("Block", "image w _", "a"), call("Block", "a w", "y")],
      ["Conv", "Sigmoid", "Mul", "Conv", "Sigmoid", "Mul"],
    ],
    [
      "attributes given, left out and by default",
      [
        call("Leaky", "image", "a", { alpha: float(0.3) }),
        call("Leaky", "a", "b"),
        call("Steep", "b", "c"),
        call("Steep", "c", "y", { alpha: float(-0.2) }),
      ],
      ["LeakyRelu", "LeakyRelu", "LeakyRelu", "LeakyRelu"],
    ],
    ["a branch that has its names", [call("Choice", "image yes", "y")], ["Relu", "Identity"]],
  ])("%s", async (_, nodes, wanted) => {
    const original = modelOf(nodes, [silu, block, leaky, steep, choice]);
    const { graph } = decodeModel(original);
    expect(graph.nodes.map(({ op }) => op)).toEqual(wanted);
    const computed = await runModel(encodeModel(graph), { image });
    expect(computed).toEqual(await runModel(original, { image }));
  });

  test("an input that it gives back is passed on", () => {
    const nodes = [call("Both", "image", "a b"), node("Mul", "a b", "y")];
    const { graph } = decodeModel(modelOf(nodes, [both]));
    expect(graph.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs])).toEqual([
      ["Neg", ["image"], ["b"]],
      ["Identity", ["image"], ["a"]],
      ["Mul", ["a", "b"], ["y"]],
    ]);
  });

  test("by the name of the node that calls it", () => {
    const { graph } = decodeModel(modelOf([call("Silu", "image", "y")], [silu]));
    expect(graph.nodes.flatMap(({ outputs }) => outputs)).toEqual(["silu_of_y/s", "y"]);
  });
});

test("one that calls itself, or is of another opset, stays a node that is not known", () => {
  const self = functionOf("Self", {
    inputs: "x",
    outputs: "z",
    nodes: [call("Self", "x", "z")],
  });
  const older = functionOf("Older", {
    inputs: "x",
    outputs: "z",
    nodes: [node("Softmax", "x", "z")],
    opset: 11,
  });
  const nodes = [call("Older", "image", "a"), call("Self", "a", "y")];
  const { graph } = decodeModel(modelOf(nodes, [self, older]));
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Older", "Self"]);
});

describe("refused in time", () => {
  /** Functions that each call the next, so often; the last one gives back what it is given. */
  const chain = (length: number, times: number) => [
    ...Array.from({ length }, (_, i) => {
      const calls = Array.from({ length: times }, (__, k) => call(`F${i + 1}`, "x", `z${k}`));
      return functionOf(`F${i}`, { inputs: "x", outputs: "z0", nodes: calls });
    }),
    functionOf(`F${length}`, { inputs: "x", outputs: "x", nodes: [] }),
  ];

  test.each([
    ["more nodes than a file may have", 40, 2, /has 12001 or more nodes, and at most 12000/],
    ["functions too deep", 1_000, 1, /has 65 functions inside each other, and at most 64 are/],
  ])("%s", (_, length, times, message) => {
    const bytes = modelOf([call("F0", "image", "y")], chain(length, times));
    expect(() => decodeModel(bytes)).toThrow(message);
  });
});
