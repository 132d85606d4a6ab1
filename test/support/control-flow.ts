import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Graph, Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { boolScalar, type Tensor } from "../../lib/onnx/tensor.ts";
import { int } from "./integers.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";
import { normal } from "./random.ts";
import { furthestApart as writtenOutApart } from "./written-out.ts";

export const SHAPE = [1, 3, 4, 5] as const;
const image = normal(SHAPE, 1);

/** In every network of these tests. */
const CONSTANTS = {
  yes: boolScalar(true),
  no: boolScalar(false),
  zero: int(0),
  one: int(1),
  two: int(2),
  w: normal([3, 1, 1], 2),
};

/** Names that begin with i, but for the image's, are of integers, with c of booleans. */
function typeOf(name: string) {
  if (name.startsWith("i") && name !== "image") return "int64";
  return name.startsWith("c") ? "bool" : "float32";
}

export interface Body {
  /** Of the inputs that are floats. @default 4 */
  readonly axes?: number;
  readonly inputs: string;
  readonly nodes: readonly Node[];
  readonly outputs: string;
  readonly initializers?: Readonly<Record<string, Tensor>>;
}

/** A graph inside a node; names are split at spaces. */
export function bodyOf({ axes = 4, inputs, nodes, outputs, initializers = {} }: Body): Graph {
  const [given, made] = [inputs, outputs].map((names) => names.split(" ").filter(Boolean));
  const shapeOf = (name: string) =>
    typeOf(name) === "float32" ? Array.from({ length: axes }, () => null) : [];
  return sketch({
    inputs: Object.fromEntries(given!.map((name) => [name, shapeOf(name)])),
    nodes,
    outputs: made!,
    types: Object.fromEntries([...given!, ...made!].map((name) => [name, typeOf(name)])),
    initializers,
  });
}

export const loop = (inputs: string, outputs: string, body: Body): Node =>
  node("Loop", inputs, outputs, { body: { graph: bodyOf(body) } });

export function choice(condition: string, output: string, yes: Node, no: Node): Node {
  const branch = (inner: Node) => ({
    graph: bodyOf({ inputs: "", nodes: [inner], outputs: inner.outputs[0]! }),
  });
  return node("If", condition, output, { then_branch: branch(yes), else_branch: branch(no) });
}

export interface Network {
  readonly nodes: readonly Node[];
  readonly outputs: string;
  readonly constants?: Readonly<Record<string, Tensor>>;
}

export function fileOf(
  { nodes, outputs, constants = {} }: Network,
  { opset = 18, edit }: { opset?: number; edit?: Parameters<typeof writeModel>[2] } = {},
): Uint8Array {
  const graph = sketch({
    inputs: { image: SHAPE },
    nodes,
    outputs: outputs.split(" "),
    initializers: { ...CONSTANTS, ...constants },
  });
  return writeModel(graph, opset, edit);
}

/** Furthest apart of a file in ONNX Runtime and what we make of it, or of another. */
export const furthestApart = (file: Uint8Array, other?: Uint8Array) =>
  writtenOutApart({ image, gone: /^(Loop|Scan|If)$|Sequence/ }, file, other);

/** Why an output is not known. */
export function problemOf(network: Network, value = "y"): string | undefined {
  const { problems } = specialise(decodeModel(fileOf(network)), SHAPE);
  return problems.get(value)?.message;
}
