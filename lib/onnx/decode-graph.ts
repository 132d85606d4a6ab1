import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from "onnx-buf";

import { decodeSparseTensor } from "./decode-sparse.ts";
import { decodeTensor } from "./decode-tensor.ts";
import { DataType, elementTypeOf } from "./element-type.ts";
import { ModelError } from "./errors.ts";
import type { CountedData } from "./external-data.ts";
import type { Attribute, Graph, Node, Value, ValueInfo } from "./model.ts";
import type { Tensor } from "./tensor.ts";

/** A graph of the file as plain data, its operators as of the file's own opset. */
export function decodeGraph(proto: GraphProto, external: CountedData): Graph {
  const initializers = new Map<Value, Tensor>();
  const add = (name: Value, decode: () => Tensor) => {
    if (initializers.has(name)) throw new ModelError(`initializer '${name}' is defined twice`);
    initializers.set(name, decode());
  };
  for (const tensor of proto.initializer) {
    add(tensor.name, () => decodeTensor(tensor, tensor.name, external));
  }
  for (const sparse of proto.sparseInitializer) {
    const name = sparse.values?.name ?? "";
    add(name, () => decodeSparseTensor(sparse, name, external));
  }
  return {
    name: proto.name,
    // up to IR version 3, initializers had to be listed as inputs too
    inputs: proto.input.filter(({ name }) => !initializers.has(name)).map(decodeValueInfo),
    outputs: proto.output.map(decodeValueInfo),
    nodes: proto.node.map((node) => decodeNode(node, external)),
    initializers,
  };
}

function decodeNode(proto: NodeProto, external: CountedData): Node {
  const attributes = proto.attribute.flatMap((attribute) => {
    const value = decodeAttribute(attribute, proto, external);
    // a Constant of few elements is one of all
    const name = attribute.name === "sparse_value" ? "value" : attribute.name;
    return value === null ? [] : [[name, value] as const];
  });
  const scope = scopeOf(proto);
  return {
    op: proto.opType,
    name: proto.name,
    ...(scope !== null && { scope }),
    domain: standardDomain(proto.domain),
    inputs: proto.input,
    outputs: proto.output,
    // a file may call one `__proto__`, which only this makes a property like any other
    attributes: Object.fromEntries(attributes),
  };
}

/** Standard ONNX goes by two names. */
export function standardDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/**
 * PyTorch's exporter writes the modules on the way to a node, each with its full path, and last the
 * node's own name, as a Python list: `['', 'layer1', 'layer1.0', 'conv2d_1']`.
 */
function scopeOf({ metadataProps }: NodeProto): string | null {
  const scopes = metadataProps.find(({ key }) => key === "pkg.torch.onnx.name_scopes")?.value;
  return (
    scopes
      ?.match(/'[^']*'/g)
      ?.at(-2)
      ?.slice(1, -1) ?? null
  );
}

/** `null` for kinds that no operator we know has (lists of tensors, types). */
function decodeAttribute(
  proto: AttributeProto,
  node: NodeProto,
  external: CountedData,
): Attribute | null {
  const { FLOAT, FLOATS, GRAPH, INT, INTS, SPARSE_TENSOR, STRING, STRINGS, TENSOR } =
    AttributeProto_AttributeType;
  const kind = proto.type || guessKind(proto);
  const name = `${proto.name} of ${node.name || node.output[0]}`;
  if (kind === INT) return Number(proto.i);
  if (kind === INTS) return proto.ints.map(Number);
  if (kind === FLOAT) return { float: proto.f };
  if (kind === FLOATS) return { floats: proto.floats };
  if (kind === STRING) return utf8(proto.s);
  if (kind === STRINGS) return proto.strings.map(utf8);
  if (kind === TENSOR && proto.t) {
    return { tensor: decodeTensor(proto.t, proto.t.name || name, external) };
  }
  if (kind === SPARSE_TENSOR && proto.sparseTensor) {
    return { tensor: decodeSparseTensor(proto.sparseTensor, name, external) };
  }
  if (kind === GRAPH && proto.g) return { graph: decodeGraph(proto.g, external) };
  return null;
}

/** Files of the first IR versions leave out the kind: it is the one field that is set. */
function guessKind(proto: AttributeProto): AttributeProto_AttributeType {
  const { FLOAT, FLOATS, GRAPH, INT, INTS, STRING, STRINGS, TENSOR } = AttributeProto_AttributeType;
  if (proto.t) return TENSOR;
  if (proto.g) return GRAPH;
  if (proto.ints.length > 0) return INTS;
  if (proto.floats.length > 0) return FLOATS;
  if (proto.strings.length > 0) return STRINGS;
  if (proto.s.length > 0) return STRING;
  return proto.f !== 0 ? FLOAT : INT;
}

/** What images of bytes are declared as: in int32 too, by frameworks that compute with those. */
const BYTES: ReadonlySet<number> = new Set([DataType.uint8, DataType.int32]);

function decodeValueInfo(proto: ValueInfoProto): ValueInfo {
  const type = proto.type?.value;
  if (type?.case !== "tensorType") return { name: proto.name, type: "opaque", shape: null };
  const shape = type.value.shape?.dim.map(({ value }) =>
    // some exporters write 0 or -1 for a length left open
    value.case === "dimValue" && value.value > 0n ? Number(value.value) : null,
  );
  const { elemType } = type.value;
  return {
    name: proto.name,
    type: elementTypeOf(elemType),
    shape: shape ?? null,
    ...(BYTES.has(elemType) && { isOfBytes: true }),
  };
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
