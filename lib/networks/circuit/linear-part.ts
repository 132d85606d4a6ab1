import { REDUCTIONS } from "../../onnx/channel-parts.ts";
import { ModelError } from "../../onnx/errors.ts";
import { valuesRead } from "../../onnx/graph-order.ts";
import type { Attributes, Node, Value } from "../../onnx/model.ts";
import { firstOutput, nodeError, operatorsNamed, standardNode } from "../../onnx/node.ts";
import { countTo } from "../../onnx/operators/elements.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { filled, floatTensor, sizeOf, type Tensor } from "../../onnx/tensor.ts";
import { Follower } from "./follow.ts";
import type { Passed } from "./passed-on.ts";
import { weightsOfNode } from "./weights-of-node.ts";

/** What a network makes of one value on the way to another, and only that; see `linearPart`. */
export interface LinearPart {
  /** In topological order, from the one value to the other. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<Value, Tensor>;
  /** What nodes with weights make. */
  readonly weighted: ReadonlySet<Value>;
}

/**
 * The part of a network between two values, made linear, so that one product of weights says what
 * it does: the expanded weights.
 *
 * What bends its values counts as circuits count it, see `Follower`: activation functions, norms and
 * gates pass on what they are given, times the norm's scale; a maximum over places is their mean.
 * What is added from elsewhere does not count.
 *
 * Source: Voss, Cammarata, Goh, Petrov, Schubert, Egan, Lim and Olah, "Visualizing Weights",
 * Distill, 2021.
 *
 * @throws ModelError where nothing but gates leads from `from` to `to`, or an operator on the way is
 *   not linear and passes nothing on, as a product of activations
 */
export function linearPart(graph: StaticGraph, from: Value, to: Value): LinearPart {
  const { nodes, initializers } = graph.graph;
  const made = new Set([from]);
  const behind = nodes.filter((node) => {
    const isBehind = valuesRead(node).some((value) => made.has(value));
    if (isBehind) for (const output of node.outputs) made.add(output);
    return isBehind;
  });
  const straight = new Straightener(graph, made);
  const wanted = new Set([to]);
  const weighted = new Set<Value>();
  const found: Node[] = [];
  for (const node of behind.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    const own = straight.of(node);
    for (const value of own.inputs) if (made.has(value)) wanted.add(value);
    if (weightsOfNode(node, graph.facts) !== null) weighted.add(firstOutput(node));
    found.push(own);
  }
  if (found.length === 0 || !wanted.has(from)) {
    throw new ModelError(
      `'${to}' comes of '${from}' by gates alone, if at all, and these have no weights; choose other layers`,
    );
  }
  return {
    nodes: found.toReversed(),
    initializers: new Map([...initializers, ...straight.constants]),
    weighted,
  };
}

/** Sums, where what comes from elsewhere is left out. */
const SUMS = operatorsNamed("Add Concat Mean Sub Sum");
/** Operators that are linear in any one of their inputs, where the others are constants. */
const LINEAR = operatorsNamed(`
  Conv ConvTranspose DepthToSpace Einsum Expand Gemm MatMul ReduceMean ReduceSum SpaceToDepth Tile
`);

/** What takes the place of a maximum or another mean over places. */
const MEANS: ReadonlyMap<string, string> = new Map([
  ["MaxPool", "AveragePool"],
  ["LpPool", "AveragePool"],
  ["GlobalMaxPool", "GlobalAveragePool"],
  ["GlobalLpPool", "GlobalAveragePool"],
  ...[...REDUCTIONS].map((op) => [op, "ReduceMean"] as const),
]);
/** What these have in common with a mean. */
const MEAN_ATTRIBUTES = [
  "auto_pad",
  "ceil_mode",
  "keepdims",
  "kernel_shape",
  "noop_with_empty_axes",
  "pads",
  "strides",
];

/** Makes nodes linear, one by one. */
class Straightener {
  /** What the nodes read besides the network's own. */
  readonly constants = new Map<Value, Tensor>();
  readonly #graph: StaticGraph;
  readonly #made: ReadonlySet<Value>;
  readonly #follower: Follower;

  /** @param made what comes of the value that the part begins with */
  constructor(graph: StaticGraph, made: ReadonlySet<Value>) {
    this.#graph = graph;
    this.#made = made;
    this.#follower = new Follower(graph);
  }

  /** @throws ModelError */
  of(node: Node): Node {
    const { op, domain, inputs } = node;
    if (domain === "" && SUMS.has(op) && !this.#isOfNorm(node)) {
      return { ...node, inputs: inputs.map((value) => this.#withoutOthers(value)) };
    }
    const passed = this.#passedByChannel(node);
    const [first] = passed;
    if (first?.isBent) return this.#straightened(node, first.value, passed);
    const computed = inputs.filter((value) => value !== "" && !this.#follower.isConstant(value));
    const isLinear = first !== undefined || (domain === "" && LINEAR.has(op));
    if (isLinear && computed.length === 1) return node;
    throw nodeError(
      node,
      "it is on the way between the layers and makes no sum by fixed weights; choose layers without it between them",
    );
  }

  /** Whether something smaller is subtracted, a mean: circuits do not count it. */
  #isOfNorm({ op, inputs, outputs }: Node): boolean {
    const shapes = [...inputs, ...outputs].map((value) => this.#shapeOf(value).join());
    return op === "Sub" && new Set(shapes).size > 1 && !inputs.some(this.#follower.isConstant);
  }

  /** What a node passes on as each of its channels; as the middle one alone where it bends nothing. */
  #passedByChannel(node: Node): readonly Passed[] {
    const value = firstOutput(node);
    const shape = this.#shapeOf(value);
    const axis = this.#follower.channelAxisOf(value);
    const middle = shape.map((length) => Math.floor(length / 2));
    const at = (place: readonly number[]) => this.#follower.through(node, { value, place });
    const own = at(middle);
    if (own === null) return [];
    if (!own.isBent || axis >= shape.length) return [own];
    return countTo(shape[axis]!).map((channel) => at(middle.with(axis, channel)) ?? own);
  }

  /** What takes a bending node's place: the value that it passes on, or that times its scales. */
  #straightened(node: Node, value: Value, passed: readonly Passed[]): Node {
    const output = firstOutput(node);
    const shape = this.#shapeOf(output);
    const { name } = node;
    if (this.#shapeOf(value).join() !== shape.join() || MEANS.has(node.op)) return meanOf(node);
    const factors = passed.map(({ factor }) => factor);
    const own = this.#withoutOthers(value);
    if (factors.every((factor) => factor === 1)) {
      return standardNode({ op: "Identity", name, inputs: [own], outputs: [output] });
    }
    const axis = this.#follower.channelAxisOf(output);
    const scaleShape = shape.map((_, each) => (each === axis ? factors.length : 1));
    const scale = this.#constant(`${output}_scale`, floatTensor(scaleShape, factors));
    return standardNode({ op: "Mul", name, inputs: [own, scale], outputs: [output] });
  }

  /** Zeros in place of what is computed, but not of the value that the part begins with. */
  #withoutOthers(value: Value): Value {
    if (value === "" || this.#made.has(value) || this.#follower.isConstant(value)) return value;
    const shape = this.#shapeOf(value);
    return this.#constant(`${value}_none`, floatTensor(shape, filled(sizeOf(shape), 0)));
  }

  #constant(name: Value, tensor: Tensor): Value {
    this.constants.set(name, tensor);
    return name;
  }

  #shapeOf(value: Value): readonly number[] {
    return this.#graph.facts.get(value)?.shape ?? [];
  }
}

/** @throws ModelError of a pool whose window has gaps, as ONNX Runtime has no such mean */
function meanOf(node: Node): Node {
  const { attributes, inputs, name } = node;
  const op = MEANS.get(node.op);
  const dilations = attributes["dilations"];
  const hasGaps = Array.isArray(dilations) && dilations.some((step) => step !== 1);
  if (op === undefined || hasGaps) {
    throw nodeError(node, "no mean over places can take its place; choose layers without it");
  }
  const kept: Attributes = Object.fromEntries(
    Object.entries(attributes).filter(([key]) => MEAN_ATTRIBUTES.includes(key)),
  );
  return standardNode({ op, name, inputs, outputs: node.outputs.slice(0, 1), attributes: kept });
}
