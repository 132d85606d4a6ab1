import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
} from "onnx-buf";

import type { Node } from "../../lib/onnx/model.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";

/** What functions are written for, unless they say another. */
export const OPSET = 18;

/** Of a function of the file's own. */
export const call = (op: string, inputs: string, outputs: string, attributes = {}): Node => ({
  ...node(op, inputs, outputs, attributes),
  name: `${op.toLowerCase()}_of_${outputs.split(" ").at(-1)}`,
  domain: "local",
});

/** A function in the short form tests write it in. */
export interface FunctionSketch {
  readonly inputs: string;
  readonly outputs: string;
  readonly nodes: readonly Node[];
  /** By the place of a node, the function's attribute that its alpha is. */
  readonly alphas?: Readonly<Record<number, string>>;
  readonly defaults?: Readonly<Record<string, number>>;
  /** `null`: it uses no operators of ONNX. */
  readonly opset?: number | null;
  readonly standard?: "" | "ai.onnx";
  readonly domain?: string;
  readonly overload?: string;
}

export function functionOf(name: string, given: FunctionSketch): FunctionProto {
  const { inputs, outputs, nodes, alphas = {}, defaults = {}, opset = OPSET } = given;
  const { standard = "", domain = "local", overload = "" } = given;
  const graph = sketch({ inputs: {}, nodes, outputs: [] });
  const written: FunctionProto["node"] = [];
  // through a file: what a function holds are a graph's nodes
  writeModel(graph, OPSET, (model) => void written.push(...model.graph!.node));
  for (const [place, refAttrName] of Object.entries(alphas)) {
    const reference = { name: "alpha", refAttrName };
    const type = AttributeProto_AttributeType.FLOAT;
    written[Number(place)]!.attribute.push(create(AttributeProtoSchema, { ...reference, type }));
  }
  return create(FunctionProtoSchema, {
    name,
    domain,
    overload,
    input: inputs.split(" "),
    output: outputs.split(" "),
    node: written,
    attribute: Object.values(alphas).filter((each) => !(each in defaults)),
    attributeProto: Object.entries(defaults).map(([key, f]) =>
      create(AttributeProtoSchema, { name: key, f, type: AttributeProto_AttributeType.FLOAT }),
    ),
    opsetImport: [
      ...(opset === null
        ? []
        : [create(OperatorSetIdProtoSchema, { domain: standard, version: BigInt(opset) })]),
      create(OperatorSetIdProtoSchema, { domain: "local", version: 1n }),
    ],
  });
}
