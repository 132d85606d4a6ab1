import type { Node, Value } from "../../../lib/onnx/model.ts";
import type { StaticGraph } from "../../../lib/onnx/static-graph.ts";
import { toNumbers } from "../../../lib/onnx/tensor.ts";
import { BINARY, FUNCTIONS } from "./functions.ts";
import { OPERATORS64, splitParts } from "./operators.ts";
import { broadcastTo, type Tensor64 } from "./tensor64.ts";

/**
 * Computes networks in double precision, one sum at a time, with no code of ours in common but the
 * graph, its shapes and what reads attributes.
 */
export class Interpreter64 {
  readonly #graph: StaticGraph;
  readonly #constants = new Map<Value, Tensor64>();

  /** @param graph at the shape of the images that it is given */
  constructor(graph: StaticGraph) {
    this.#graph = graph;
    for (const [name, { constant }] of graph.facts) {
      if (!constant || constant.type === "opaque") continue;
      const data = Float64Array.from(toNumbers(constant));
      this.#constants.set(name, { shape: constant.shape, data });
    }
  }

  /** The values that an image leads to. */
  run(image: Float64Array, wanted: ReadonlySet<Value>): ReadonlyMap<Value, Tensor64> {
    const { input, facts, graph } = this.#graph;
    const values = new Map<Value, Tensor64>(this.#constants);
    values.set(input, { shape: facts.get(input)!.shape, data: image });
    for (const node of graph.nodes) {
      if (node.inputs.some((value) => value && !values.has(value))) continue;
      const inputs = node.inputs.map((value) => values.get(value)!);
      const shapes = node.outputs.map((output) => facts.get(output)?.shape ?? []);
      compute(node, inputs, shapes).forEach((tensor, i) => values.set(node.outputs[i]!, tensor));
    }
    return new Map([...wanted].map((value) => [value, values.get(value)!]));
  }
}

function compute(
  node: Node,
  inputs: readonly Tensor64[],
  shapes: readonly (readonly number[])[],
): readonly Tensor64[] {
  const [shape] = shapes;
  const f = FUNCTIONS[node.op];
  if (f) return [{ shape: shape!, data: inputs[0]!.data.map(f(node)) }];
  const g = BINARY[node.op];
  if (g) {
    const sum = inputs.map((each) => broadcastTo(each, shape!).data);
    return [{ shape: shape!, data: sum.reduce((a, b) => a.map((x, i) => g(x, b[i]!))) }];
  }
  if (node.op === "Split") return splitParts(node, inputs[0]!, shapes);
  const operator = OPERATORS64[node.op];
  if (!operator) throw new Error(`${node.op} has no definition in double precision`);
  return [operator(node, inputs, shape!)];
}
