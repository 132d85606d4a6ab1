import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node, Value } from "../onnx/model.ts";
import type { Tensor } from "../onnx/tensor.ts";
import { UnsupportedGradientError } from "./errors.ts";
import type { Linearised, Provider, RuleContext } from "./rule.ts";
import { NON_DIFFERENTIABLE, RULES } from "./rules/index.ts";

/** The part of a network between its image and one layer; names are the network's. */
export interface ForwardPass {
  /** Nodes the layer depends on, in topological order. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<Value, Tensor>;
  readonly input: Value;
  readonly layer: Value;
  /** How messages name the layer. */
  readonly layerName: string;
}

export interface LinearisedPass {
  /** The layer's output, a value of the graph. */
  readonly layer: Value;
  /** Emits the backward pass: dL/d(image) from dL/d(layer). May be called once. */
  readonly gradient: (cotangent: Value) => Value;
}

/** One node as emitted, between the network's names and the graph's. */
interface Step extends Linearised {
  readonly node: Node;
}

/**
 * Emits the forward pass of a network into `graph` and returns its pullback: reverse-mode
 * differentiation from graph to graph.
 *
 * Only nodes on a path from the image to the layer are differentiated: weights get no gradients, and
 * an operator without a rule is of no concern elsewhere.
 *
 * @param image [N, C, H, W], a value of `graph` that takes the place of the network's input.
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function linearise(
  graph: GraphBuilder,
  image: Value,
  pass: ForwardPass,
  provider: Provider,
): LinearisedPass {
  const scope = new Map<Value, Value>([[pass.input, image]]);
  const active = new Set<Value>([pass.input]);
  const rectified = new Set<Value>();
  const steps: Step[] = [];
  const readers = readersByValue(pass.nodes);
  const producers = new Map(pass.nodes.flatMap((n) => n.outputs.map((value) => [value, n.op])));

  const lookUp = (value: Value): Value => {
    if (value === "") return "";
    const known = scope.get(value);
    if (known !== undefined) return known;
    const tensor = pass.initializers.get(value);
    if (!tensor) throw new Error(`internal: '${value}' is neither produced nor a constant`);
    const constant = graph.constant(tensor);
    scope.set(value, constant);
    return constant;
  };

  for (const node of pass.nodes) {
    const inputs = node.inputs.map(lookUp);
    const isOnPath = node.inputs.some((value) => active.has(value));
    if (!isOnPath || NON_DIFFERENTIABLE.has(node.op)) {
      const outputs = graph.emitMany(node.op, inputs, node.attributes, node.outputs.length);
      node.outputs.forEach((value, i) => scope.set(value, outputs[i]!));
      continue;
    }
    const [first = ""] = node.inputs;
    const producer = producers.get(first);
    const step = applyRule(pass.layerName, {
      graph,
      node,
      inputs,
      provider,
      isActive: (i) => active.has(node.inputs[i] ?? ""),
      isRectified: (i) => rectified.has(node.inputs[i] ?? ""),
      consumers: readers.get(node.outputs[0]!) ?? [],
      producer: producer ? { op: producer, consumers: readers.get(first)!.length } : null,
    });
    step.outputs.forEach((value, i) => {
      scope.set(node.outputs[i]!, value);
      active.add(node.outputs[i]!);
    });
    if (step.isRectified) rectified.add(node.outputs[0]!);
    steps.push({ node, ...step });
  }
  if (!active.has(pass.layer)) {
    throw new UnsupportedGradientError(
      pass.nodes.at(-1) ?? EMPTY_NODE,
      `layer '${pass.layerName}' does not depend differentiably on the image`,
      "choose another layer",
    );
  }
  return {
    layer: lookUp(pass.layer),
    gradient: (cotangent) => pullBack(graph, pass, steps, cotangent, provider),
  };
}

const EMPTY_NODE: Node = {
  op: "Input",
  name: "",
  domain: "",
  inputs: [],
  outputs: [],
  attributes: {},
};

function applyRule(layerName: string, context: RuleContext): Linearised {
  const { node } = context;
  const rule = node.domain === "" ? RULES[node.op] : undefined;
  try {
    if (rule) return rule(context);
  } catch (error) {
    throw error instanceof UnsupportedGradientError ? error.towards(layerName) : error;
  }
  throw new UnsupportedGradientError(
    node,
    `the operator${node.domain && ` of domain '${node.domain}'`} has no gradient rule`,
    "choose a layer before it",
  ).towards(layerName);
}

function pullBack(
  graph: GraphBuilder,
  pass: ForwardPass,
  steps: readonly Step[],
  cotangent: Value,
  provider: Provider,
): Value {
  const contributions = new Map<Value, Value[]>([[pass.layer, [cotangent]]]);
  const take = (value: Value): Value | null => {
    const parts = contributions.get(value);
    contributions.delete(value);
    return parts ? sum(graph, parts, provider) : null;
  };
  for (const { node, pullback } of steps.toReversed()) {
    const cotangents = node.outputs.map(take);
    if (cotangents.every((part) => part === null)) continue;
    pullback(cotangents).forEach((part, i) => {
      const value = node.inputs[i];
      if (part === null || !value) return;
      const parts = contributions.get(value);
      if (parts) parts.push(part);
      else contributions.set(value, [part]);
    });
  }
  const gradient = take(pass.input);
  if (gradient === null) {
    throw new Error(`internal: no gradient reached the image from '${pass.layerName}'`);
  }
  return gradient;
}

/** On CUDA one Sum of many saves launches; on the CPU pairs of Add stay in the blocked layout. */
function sum(graph: GraphBuilder, parts: readonly Value[], provider: Provider): Value {
  if (provider === "cuda" && parts.length > 2) return graph.emit("Sum", parts);
  return parts.reduce((total, part) => graph.emit("Add", [total, part]));
}

/** Operators that read each value, one entry per reading node. */
function readersByValue(nodes: readonly Node[]): ReadonlyMap<Value, readonly string[]> {
  const readers = new Map<Value, string[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const list = readers.get(value);
      if (list) list.push(node.op);
      else readers.set(value, [node.op]);
    }
  }
  return readers;
}
