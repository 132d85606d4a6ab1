import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema, type ModelProto } from "onnx-buf";

import type { Attributes, Graph, Node, Value } from "../../../lib/onnx/model.ts";
import { DataType } from "../../../lib/onnx/element-type.ts";
import { type Tensor, toNumbers } from "../../../lib/onnx/tensor.ts";
import { writeModel } from "../onnx-writer.ts";
import type { Trait } from "./architecture.ts";

/** A graph of opset 18 as the bytes of a file of another opset, scopes in its metadata. */
export function writeAsOf(graph: Graph, opset: number, traits: readonly Trait[] = []): Uint8Array {
  const nodes = graph.nodes.map((node) => asOfOpset(node, opset, graph.initializers));
  const read = new Set([
    ...nodes.flatMap(({ inputs }) => inputs),
    ...graph.outputs.map(({ name }) => name),
  ]);
  const initializers = new Map([...graph.initializers].filter(([name]) => read.has(name)));
  return writeModel({ ...graph, nodes, initializers }, opset, (model) => {
    model.graph!.node.forEach((proto, i) => {
      const scope = nodes[i]!.scope;
      if (scope === undefined) return;
      const value = `['${["", ...parentsOf(scope), proto.name].join("', '")}']`;
      proto.metadataProps = [
        create(StringStringEntryProtoSchema, { key: "pkg.torch.onnx.name_scopes", value }),
      ];
    });
    if (traits.includes("float16")) inHalfPrecision(model);
    const type = model.graph!.input[0]!.type?.value;
    if (traits.includes("uint8 image") && type?.case === "tensorType")
      type.value.elemType = DataType.uint8;
  });
}

/** "a", "a.b" and "a.b.c" of "a.b.c". */
function parentsOf(scope: string): readonly string[] {
  const parts = scope === "" ? [] : scope.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

/** What an operator of opset 18 was before some of its attributes became inputs. */
function asOfOpset(node: Node, opset: number, constants: ReadonlyMap<Value, Tensor>): Node {
  const numbers = (index: number) => toNumbers(constants.get(node.inputs[index] ?? "") ?? NONE);
  const instead = (attributes: Attributes): Node => ({
    ...node,
    inputs: node.inputs.slice(0, 1),
    attributes: { ...node.attributes, ...attributes },
  });
  const { op } = node;
  if (op === "Clip" && opset < 11) {
    return instead({ min: { float: numbers(1)[0]! }, max: { float: numbers(2)[0]! } });
  }
  if (op === "Split" && opset < 13) return instead({ split: numbers(1) });
  if ((op === "Squeeze" || op === "Unsqueeze" || op === "ReduceSum") && opset < 13) {
    return instead({ axes: numbers(1) });
  }
  if (op.startsWith("Reduce") && op !== "ReduceSum" && opset < 18)
    return instead({ axes: numbers(1) });
  if (op === "Pad" && opset < 11) {
    return instead({ pads: numbers(1), value: { float: numbers(2)[0] ?? 0 } });
  }
  if (op === "Slice" && opset < 10) {
    return instead({ starts: numbers(1), ends: numbers(2), axes: numbers(3) });
  }
  if (op === "Resize" && opset < 11) {
    const { mode } = node.attributes;
    const inputs = [node.inputs[0]!, node.inputs[2]!];
    return { ...node, op: opset < 10 ? "Upsample" : op, inputs, attributes: { mode: mode! } };
  }
  if (op === "Resize" && opset < 13) {
    // an empty region of interest and empty scales had to be there
    const filled = node.inputs.map((value, i) => (value === "" && i > 0 ? EMPTY : value));
    return { ...node, inputs: filled };
  }
  return node;
}

const NONE: Tensor = { type: "float32", shape: [0], data: new Float32Array() };
/** Name of a tensor without elements. */
export const EMPTY: Value = "empty";

/** Every float of the file in 16 bits. */
function inHalfPrecision({ graph }: ModelProto): void {
  for (const tensor of graph!.initializer) {
    if (tensor.dataType !== DataType.float) continue;
    const { buffer, byteOffset, byteLength } = tensor.rawData.slice();
    const floats = new Float32Array(buffer, byteOffset, byteLength / 4);
    tensor.dataType = DataType.float16;
    tensor.rawData = new Uint8Array(Uint16Array.from(floats, halfOf).buffer);
  }
  for (const { type } of [...graph!.input, ...graph!.output]) {
    if (type?.value.case === "tensorType") type.value.value.elemType = DataType.float16;
  }
}

/** The bits of the nearest half-precision number of ordinary size. */
function halfOf(x: number): number {
  const sign = x < 0 ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024));
}
