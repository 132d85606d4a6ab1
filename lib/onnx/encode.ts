import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

import { ONNX_TYPE } from "./element-type.ts";
import { type Attribute, type Graph, type Node, OPSET, type ValueInfo } from "./model.ts";
import type { Tensor } from "./tensor.ts";

/**
 * IR version that belongs to opset 18 (ONNX 1.13); initializers need not be graph inputs since 4.
 */
const IR_VERSION = 8;

/**
 * Numbers of the fields that we write, in the order of which they stand in a file. Threads that
 * compile graphs write by these alone: to load the descriptions of all of ONNX's messages takes
 * them longer than a graph. Source: onnx.proto.
 */
const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
const OPERATOR_SET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, type: 20 } as const;
/** Of an attribute, where its value is, and what its `type` says of it. */
const VALUE = {
  float: { field: 2, type: 1 },
  int: { field: 3, type: 2 },
  string: { field: 4, type: 3 },
  tensor: { field: 5, type: 4 },
  graph: { field: 6, type: 5 },
  floats: { field: 7, type: 6 },
  ints: { field: 8, type: 7 },
  strings: { field: 9, type: 8 },
} as const;
const TENSOR = {
  dims: 1,
  dataType: 2,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;
const EXTERNAL = 1;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE_INFO = { name: 1, type: 2 } as const;
const TYPE = { tensorType: 1 } as const;
const TENSOR_TYPE = { elemType: 1, shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
const DIMENSION = { dimValue: 1 } as const;

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
  const out = new BinaryWriter();
  integer(out, MODEL.irVersion, IR_VERSION);
  text(out, MODEL.producerName, "dreamgrid");
  message(out, MODEL.graph, () => writeGraph(out, graph, apart));
  message(out, MODEL.opsetImport, () => {
    text(out, OPERATOR_SET.domain, "");
    integer(out, OPERATOR_SET.version, OPSET);
  });
  return out.finish();
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

function writeGraph(out: BinaryWriter, graph: Graph, apart: WeightFile | null): void {
  const { nodes, name, initializers, inputs, outputs } = graph;
  for (const node of nodes) message(out, GRAPH.node, () => writeNode(out, node, apart));
  text(out, GRAPH.name, name);
  for (const [value, tensor] of initializers) {
    message(out, GRAPH.initializer, () => writeTensor(out, tensor, value, apart));
  }
  for (const info of inputs) message(out, GRAPH.input, () => writeValueInfo(out, info));
  for (const info of outputs) message(out, GRAPH.output, () => writeValueInfo(out, info));
}

function writeNode(out: BinaryWriter, node: Node, apart: WeightFile | null): void {
  const { op, name, domain, inputs, outputs, attributes } = node;
  for (const input of inputs) text(out, NODE.input, input);
  for (const output of outputs) text(out, NODE.output, output);
  text(out, NODE.name, name);
  text(out, NODE.opType, op);
  for (const [key, value] of Object.entries(attributes)) {
    message(out, NODE.attribute, () => {
      text(out, ATTRIBUTE.name, key);
      const type = writeAttributeValue(out, value, apart);
      integer(out, ATTRIBUTE.type, type);
    });
  }
  text(out, NODE.domain, domain);
}

/** @returns its type */
function writeAttributeValue(
  out: BinaryWriter,
  value: Attribute,
  apart: WeightFile | null,
): number {
  if (typeof value === "number") {
    integer(out, VALUE.int.field, value);
    return VALUE.int.type;
  }
  if (typeof value === "string") {
    text(out, VALUE.string.field, value);
    return VALUE.string.type;
  }
  if ("float" in value) {
    real(out, VALUE.float.field, value.float);
    return VALUE.float.type;
  }
  if ("floats" in value) {
    for (const each of value.floats) real(out, VALUE.floats.field, each);
    return VALUE.floats.type;
  }
  if ("tensor" in value) {
    message(out, VALUE.tensor.field, () => writeTensor(out, value.tensor, "", null));
    return VALUE.tensor.type;
  }
  if ("graph" in value) {
    message(out, VALUE.graph.field, () => writeGraph(out, value.graph, apart));
    return VALUE.graph.type;
  }
  if (value.every((item) => typeof item === "number")) {
    for (const each of value) integer(out, VALUE.ints.field, each);
    return VALUE.ints.type;
  }
  for (const each of value) text(out, VALUE.strings.field, each);
  return VALUE.strings.type;
}

function writeTensor(
  out: BinaryWriter,
  tensor: Tensor,
  name: string,
  apart: WeightFile | null,
): void {
  if (tensor.type === "opaque") {
    throw new Error(`internal: '${name}' (ONNX type ${tensor.onnxType}) cannot be written`);
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  for (const length of tensor.shape) integer(out, TENSOR.dims, length);
  integer(out, TENSOR.dataType, ONNX_TYPE[tensor.type]);
  text(out, TENSOR.name, name);
  if (!apart || byteLength < APART_FROM_BYTES) {
    out.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(bytes);
    return;
  }
  const { location } = apart;
  const entries = { location, offset: apart.add(bytes), length: byteLength };
  for (const [key, value] of Object.entries(entries)) {
    message(out, TENSOR.externalData, () => {
      text(out, ENTRY.key, key);
      text(out, ENTRY.value, String(value));
    });
  }
  integer(out, TENSOR.dataLocation, EXTERNAL);
}

function writeValueInfo(out: BinaryWriter, { name, type, shape }: ValueInfo): void {
  if (type === "opaque") throw new Error(`internal: '${name}' has no type that can be written`);
  const writeShape = () => {
    for (const length of shape ?? []) {
      message(out, SHAPE.dim, () => {
        if (length !== null) integer(out, DIMENSION.dimValue, length);
      });
    }
  };
  text(out, VALUE_INFO.name, name);
  message(out, VALUE_INFO.type, () =>
    message(out, TYPE.tensorType, () => {
      integer(out, TENSOR_TYPE.elemType, ONNX_TYPE[type]);
      if (shape) message(out, TENSOR_TYPE.shape, writeShape);
    }),
  );
}

function message(out: BinaryWriter, field: number, write: () => void): void {
  out.tag(field, WireType.LengthDelimited).fork();
  write();
  out.join();
}

function text(out: BinaryWriter, field: number, value: string): void {
  out.tag(field, WireType.LengthDelimited).string(value);
}

function integer(out: BinaryWriter, field: number, value: number): void {
  out.tag(field, WireType.Varint).int64(value);
}

function real(out: BinaryWriter, field: number, value: number): void {
  out.tag(field, WireType.Bit32).float(value);
}
