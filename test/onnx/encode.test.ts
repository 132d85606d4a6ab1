import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType as Type, ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";

import { encodeModel, encodeModelApart } from "../../lib/onnx/encode.ts";
import { type Attributes, float, type Graph } from "../../lib/onnx/model.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

const ATTRIBUTES: Attributes = {
  negative: -5,
  large: 2 ** 53,
  text: "für",
  empty: "",
  real: float(-0.125),
  reals: { floats: [1, 2.5, -Infinity] },
  none: [],
  integers: [1, -1, 0, 300],
  texts: ["a", "ß".repeat(200), ""],
  tensor: { tensor: { type: "int64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 60n) } },
};

/** The same in the words of ONNX's own messages. */
const ATTRIBUTE_MESSAGES = [
  { name: "negative", type: Type.INT, i: -5n },
  { name: "large", type: Type.INT, i: 2n ** 53n },
  { name: "text", type: Type.STRING, s: utf8("für") },
  { name: "empty", type: Type.STRING, s: utf8("") },
  { name: "real", type: Type.FLOAT, f: -0.125 },
  { name: "reals", type: Type.FLOATS, floats: [1, 2.5, -Infinity] },
  { name: "none", type: Type.INTS, ints: [] },
  { name: "integers", type: Type.INTS, ints: [1n, -1n, 0n, 300n] },
  { name: "texts", type: Type.STRINGS, strings: ["a", "ß".repeat(200), ""].map(utf8) },
  {
    name: "tensor",
    type: Type.TENSOR,
    t: {
      name: "",
      dataType: 7,
      dims: [2n],
      rawData: new Uint8Array(BigInt64Array.of(-1n, 2n ** 60n).buffer),
    },
  },
];

const INNER: Graph = {
  name: "inner",
  inputs: [],
  outputs: [{ name: "z", type: "bool", shape: [] }],
  nodes: [],
  initializers: new Map([["large", floatTensor([300], new Float32Array(300).fill(0.5))]]),
};

const OUTER: Graph = {
  name: "oüter",
  inputs: [
    { name: "x", type: "float32", shape: [1, null, 0, 224] },
    { name: "open", type: "int32", shape: null },
  ],
  outputs: [{ name: "y", type: "int64", shape: [2] }],
  nodes: [
    {
      op: "Several",
      name: "n",
      domain: "com.example",
      inputs: ["x", ""],
      outputs: ["y"],
      attributes: { ...ATTRIBUTES, body: { graph: INNER } },
    },
  ],
  initializers: new Map([["small", floatTensor([1, 2], Float32Array.of(3, -4))]]),
};

const dim = (length: number | null) =>
  length === null ? {} : { value: { case: "dimValue" as const, value: BigInt(length) } };

const info = (name: string, elemType: number, shape: readonly (number | null)[] | null) => {
  const value = { elemType, ...(shape && { shape: { dim: shape.map(dim) } }) };
  return { name, type: { value: { case: "tensorType" as const, value } } };
};

/** What ONNX's own messages of the graph are as bytes. */
function expected(large: object): Uint8Array {
  const inner = {
    name: "inner",
    initializer: [{ name: "large", dataType: 1, dims: [300n], ...large }],
    output: [info("z", 9, [])],
  };
  const node = {
    opType: "Several",
    name: "n",
    domain: "com.example",
    input: ["x", ""],
    output: ["y"],
    attribute: [...ATTRIBUTE_MESSAGES, { name: "body", type: Type.GRAPH, g: inner }],
  };
  const rawData = new Uint8Array(Float32Array.of(3, -4).buffer);
  const graph = {
    name: "oüter",
    node: [node],
    initializer: [{ name: "small", dataType: 1, dims: [1n, 2n], rawData }],
    input: [info("x", 1, [1, null, 0, 224]), info("open", 6, null)],
    output: [info("y", 7, [2])],
  };
  const opsetImport = [{ domain: "", version: 18n }];
  const whole = { irVersion: 8n, producerName: "dreamgrid", opsetImport, graph };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, whole));
}

const LARGE = new Uint8Array(new Float32Array(300).fill(0.5).buffer);

describe("a graph is written as ONNX's own description of its messages has it", () => {
  test("in one file", () => {
    expect(Buffer.from(encodeModel(OUTER))).toEqual(Buffer.from(expected({ rawData: LARGE })));
  });

  test("its large tensors apart, inside a graph's attribute too", () => {
    const { model, weights } = encodeModelApart(OUTER, "weights");
    const entries = { location: "weights", offset: "0", length: "1200" };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    expect(Buffer.from(model)).toEqual(Buffer.from(expected({ externalData, dataLocation: 1 })));
    expect(weights.map((part) => Buffer.from(part))).toEqual([Buffer.from(LARGE)]);
  });

  test("which would tell of a value in a wrong field", () => {
    const bytes = encodeModel({ ...OUTER, name: "other" });
    expect(Buffer.from(bytes)).not.toEqual(Buffer.from(expected({ rawData: LARGE })));
    expect(fromBinary(ModelProtoSchema, bytes).graph?.name).toBe("other");
  });
});
