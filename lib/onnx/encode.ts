import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";

import { DataType } from "./element-type.ts";
import { type Attribute, type Graph, type Node, OPSET, type ValueInfo } from "./model.ts";
import type { ElementType, Tensor } from "./tensor.ts";

/**
 * IR version that belongs to opset 18 (ONNX 1.13); initializers need not be graph inputs since 4.
 */
const IR_VERSION = 8n;

const ONNX_TYPE: Readonly<Record<Exclude<ElementType, "opaque">, number>> = {
  float32: DataType.float,
  int64: DataType.int64,
  int32: DataType.int32,
  bool: DataType.bool,
};

/** The graph as the bytes of an `.onnx` file (`ModelProto`, opset 18). */
export function encodeModel(graph: Graph): Uint8Array {
  return encodeWith(graph, null);
}

/**
 * The same in two files: the model, and the bytes of its large tensors one after the other.
 *
 * @param location what the second file is called, beside the first
 */
export function encodeModelApart(
  graph: Graph,
  location: string,
): { readonly model: Uint8Array; readonly weights: readonly Uint8Array[] } {
  const apart = new WeightFile(location);
  return { model: encodeWith(graph, apart), weights: apart.parts };
}

function encodeWith(graph: Graph, apart: WeightFile | null): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "dreamgrid",
    opsetImport: [{ domain: "", version: BigInt(OPSET) }],
    graph: encodeGraph(graph, apart),
  });
  return toBinary(ModelProtoSchema, model);
}

/** A tensor of fewer bytes is not worth its entry in the model. */
const APART_FROM_BYTES = 1_024;

/** What the widest registers load at once. */
const ALIGNMENT_BYTES = 64;

/** Tensors that are kept out of the model. */
class WeightFile {
  readonly location: string;
  readonly parts: Uint8Array[] = [];
  #length = 0;

  constructor(location: string) {
    this.location = location;
  }

  /** @returns where they are, from the file's start */
  add(bytes: Uint8Array): number {
    const gap = -this.#length & (ALIGNMENT_BYTES - 1);
    if (gap > 0) this.parts.push(new Uint8Array(gap));
    const offset = this.#length + gap;
    this.parts.push(bytes);
    this.#length = offset + bytes.length;
    return offset;
  }
}

function encodeGraph(
  graph: Graph,
  apart: WeightFile | null,
): MessageInitShape<typeof GraphProtoSchema> {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => encodeNode(node, apart)),
    initializer: [...graph.initializers].map(([name, tensor]) => encodeTensor(tensor, name, apart)),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  };
}

function encodeNode(
  node: Node,
  apart: WeightFile | null,
): MessageInitShape<typeof NodeProtoSchema> {
  const { op, name, domain, inputs, outputs, attributes } = node;
  return {
    opType: op,
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => {
      return { name: key, ...encodeAttribute(value, apart) };
    }),
  };
}

function encodeAttribute(
  value: Attribute,
  apart: WeightFile | null,
): MessageInitShape<typeof AttributeProtoSchema> {
  const { FLOAT, FLOATS, GRAPH, INT, INTS, STRING, STRINGS, TENSOR } = AttributeProto_AttributeType;
  if (typeof value === "number") return { type: INT, i: BigInt(value) };
  if (typeof value === "string") return { type: STRING, s: utf8(value) };
  if ("float" in value) return { type: FLOAT, f: value.float };
  if ("floats" in value) return { type: FLOATS, floats: [...value.floats] };
  if ("tensor" in value) return { type: TENSOR, t: encodeTensor(value.tensor, "", null) };
  if ("graph" in value) return { type: GRAPH, g: encodeGraph(value.graph, apart) };
  if (value.every((item) => typeof item === "number")) {
    return { type: INTS, ints: value.map(BigInt) };
  }
  return { type: STRINGS, strings: value.map(utf8) };
}

function encodeTensor(
  tensor: Tensor,
  name: string,
  apart: WeightFile | null,
): MessageInitShape<typeof TensorProtoSchema> {
  if (tensor.type === "opaque") {
    throw new Error(`internal: '${name}' (ONNX type ${tensor.onnxType}) cannot be written`);
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  const described = { name, dataType: ONNX_TYPE[tensor.type], dims: tensor.shape.map(BigInt) };
  if (!apart || byteLength < APART_FROM_BYTES) return { ...described, rawData: bytes };
  const { location } = apart;
  const entries = { location, offset: apart.add(bytes), length: byteLength };
  return {
    ...described,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
  };
}

function encodeValueInfo(info: ValueInfo): MessageInitShape<typeof ValueInfoProtoSchema> {
  const { name, type, shape } = info;
  if (type === "opaque") throw new Error(`internal: '${name}' has no type that can be written`);
  const dim = shape?.map((length) =>
    length === null ? {} : { value: { case: "dimValue" as const, value: BigInt(length) } },
  );
  const tensorType = { elemType: ONNX_TYPE[type], ...(dim && { shape: { dim } }) };
  return { name, type: { value: { case: "tensorType", value: tensorType } } };
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
