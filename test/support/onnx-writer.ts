import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, OperatorSetIdProtoSchema } from "onnx-buf";

import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Attributes, Graph, Node, Value, ValueInfo } from "../../lib/onnx/model.ts";
import { DataType, integerRange } from "../../lib/onnx/element-type.ts";
import type { ElementType, Tensor } from "../../lib/onnx/tensor.ts";

const MICROSOFT = "com.microsoft";

/** A graph in the short form tests write it in. */
export interface GraphSketch {
  readonly inputs: Readonly<Record<Value, readonly (number | null)[]>>;
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
  readonly initializers?: Readonly<Record<Value, Tensor>>;
  /** Of the inputs and outputs. @default "float32" */
  readonly types?: Readonly<Record<Value, ElementType>>;
}

export function sketch(given: GraphSketch): Graph {
  const info = (name: Value, shape: ValueInfo["shape"]): ValueInfo => ({
    name,
    type: given.types?.[name] ?? "float32",
    shape,
  });
  return {
    name: "test",
    inputs: Object.entries(given.inputs).map(([name, shape]) => info(name, shape)),
    outputs: given.outputs.map((name) => info(name, null)),
    nodes: given.nodes,
    initializers: new Map(Object.entries(given.initializers ?? {})),
  };
}

/** `node("Conv", "x w b", "y")`: names of values are split at spaces, `_` is one left out. */
export function node(
  op: string,
  inputs: string,
  outputs: string,
  attributes: Attributes = {},
): Node {
  return {
    op,
    name: "",
    domain: "",
    inputs: valueNames(inputs),
    outputs: valueNames(outputs),
    attributes,
  };
}

function valueNames(text: string): readonly Value[] {
  const names = text.split(" ").filter((name) => name !== "");
  return names.map((name) => (name === "_" ? "" : name));
}

/**
 * The bytes of a model whose operators are of any opset: nothing is checked or converted. `edit`
 * may change what our own types cannot express.
 */
export function writeModel(
  graph: Graph,
  opset: number,
  edit: (model: ModelProto) => void = () => {},
): Uint8Array {
  const model = fromBinary(ModelProtoSchema, encodeModel(graph));
  model.opsetImport = [create(OperatorSetIdProtoSchema, { version: BigInt(opset) })];
  if (graph.nodes.some(({ domain }) => domain === MICROSOFT)) {
    model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: MICROSOFT, version: 1n }));
  }
  for (const proto of model.graph?.initializer ?? []) {
    const tensor = graph.initializers.get(proto.name);
    if (tensor?.type !== "float32" || tensor.stored === undefined) continue;
    if (integerRange(tensor.stored) === null) continue;
    proto.dataType = tensor.stored;
    proto.rawData = packed(tensor.data, tensor.stored);
  }
  edit(model);
  return toBinary(ModelProtoSchema, model);
}

/** Integers of up to 16 bits as the bytes of a file; of 4 bits, two in each byte. */
function packed(integers: Float32Array, type: number): Uint8Array<ArrayBuffer> {
  if (type === DataType.uint4 || type === DataType.int4) {
    const pairs = Math.ceil(integers.length / 2);
    return Uint8Array.from({ length: pairs }, (_, i) => {
      return (integers[2 * i]! & 15) | ((integers[2 * i + 1]! & 15) << 4);
    });
  }
  const wide = type === DataType.uint16 || type === DataType.int16;
  const data = wide ? Int16Array.from(integers) : Int8Array.from(integers);
  return new Uint8Array(data.buffer);
}
