import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";

import { type Attribute, type Graph, type Node, OPSET, type ValueInfo } from "./model.ts";
import type { ElementType, Tensor } from "./tensor.ts";

/**
 * IR version that belongs to opset 18 (ONNX 1.13); initializers need not be graph inputs since 4.
 */
const IR_VERSION = 8n;

const ONNX_TYPE: Readonly<Record<Exclude<ElementType, "opaque">, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  bool: TensorProto_DataType.BOOL,
};

/** The graph as the bytes of an `.onnx` file (`ModelProto`, opset 18). */
export function encodeModel(graph: Graph): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "dreamgrid",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET) })],
    graph: encodeGraph(graph),
  });
  return toBinary(ModelProtoSchema, model);
}

function encodeGraph(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(encodeNode),
    initializer: [...graph.initializers].map(([name, tensor]) => encodeTensor(tensor, name)),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  });
}

function encodeNode({ op, name, domain, inputs, outputs, attributes }: Node) {
  return create(NodeProtoSchema, {
    opType: op,
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value)),
  });
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const { FLOAT, FLOATS, GRAPH, INT, INTS, STRING, STRINGS, TENSOR } = AttributeProto_AttributeType;
  const attribute = (fields: Partial<Omit<AttributeProto, "$typeName" | "$unknown" | "name">>) =>
    create(AttributeProtoSchema, { name, ...fields });
  if (typeof value === "number") return attribute({ type: INT, i: BigInt(value) });
  if (typeof value === "string") return attribute({ type: STRING, s: utf8(value) });
  if ("float" in value) return attribute({ type: FLOAT, f: value.float });
  if ("floats" in value) return attribute({ type: FLOATS, floats: [...value.floats] });
  if ("tensor" in value) return attribute({ type: TENSOR, t: encodeTensor(value.tensor, "") });
  if ("graph" in value) return attribute({ type: GRAPH, g: encodeGraph(value.graph) });
  if (value.every((item) => typeof item === "number")) {
    return attribute({ type: INTS, ints: value.map(BigInt) });
  }
  return attribute({ type: STRINGS, strings: value.map(utf8) });
}

function encodeTensor(tensor: Tensor, name: string) {
  if (tensor.type === "opaque") {
    throw new Error(`internal: '${name}' (ONNX type ${tensor.onnxType}) cannot be written`);
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  return create(TensorProtoSchema, {
    name,
    dataType: ONNX_TYPE[tensor.type],
    dims: tensor.shape.map(BigInt),
    rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  });
}

function encodeValueInfo({ name, type, shape }: ValueInfo) {
  if (type === "opaque") throw new Error(`internal: '${name}' has no type that can be written`);
  const dimensions = shape?.map((length) =>
    create(TensorShapeProto_DimensionSchema, {
      value: length === null ? { case: undefined } : { case: "dimValue", value: BigInt(length) },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: ONNX_TYPE[type],
    ...(dimensions && { shape: create(TensorShapeProtoSchema, { dim: dimensions }) }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } }),
  });
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
