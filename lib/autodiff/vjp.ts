import { ModelError } from "../onnx/errors.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node, Value } from "../onnx/model.ts";
import { UnsupportedGradientError } from "./errors.ts";
import { type ForwardPass, ForwardTrace, type Step, type TraceInputs } from "./forward-trace.ts";
import type { Forms } from "./forms/forms.ts";
import { formsOf } from "./forms/index.ts";
import { markNodes } from "./rewrites/index.ts";
import type { Provider } from "./provider.ts";

export interface LayerVjp {
  /** The layer's output, a value of the graph. */
  readonly layer: Value;
  /** Emits the backward pass: dL/d(image) from dL/d(layer). May be called once. */
  readonly pullback: (cotangent: Value) => Value;
}

/**
 * Emits the forward pass of a network into `graph` and returns its pullback: reverse-mode
 * differentiation from graph to graph.
 *
 * Only nodes on a path from the image to the layer are differentiated: weights get no gradients, and
 * an operator without a rule is of no concern elsewhere.
 *
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function vjp(
  graph: GraphBuilder,
  inputs: TraceInputs,
  pass: ForwardPass,
  provider: Provider,
): LayerVjp {
  const forms = formsOf(provider, graph);
  const trace = new ForwardTrace(graph, inputs, pass, forms);
  for (const node of markNodes(pass.nodes)) trace.visit(node);
  const last = pass.nodes.at(-1);
  if (last && !trace.isActive(pass.layer)) throw notSmooth(last, pass.layerName);
  return {
    layer: trace.valueOf(pass.layer),
    pullback: (cotangent) => pullBack(forms, pass, trace.steps, cotangent),
  };
}

/**
 * Why channels of a value cannot be rendered, for every value of a network that cannot: an
 * operator without a gradient on the way to it. Walks the network once.
 *
 * @param image [N, C, H, W], a value of `graph`, which is good for nothing else afterwards.
 */
export function surveyGradients(
  graph: GraphBuilder,
  image: Value,
  pass: Omit<ForwardPass, "layer" | "layerName">,
): ReadonlyMap<Value, Error> {
  const everything = { ...pass, layer: "", layerName: "" };
  const inputs = { image, replacements: new Map<Value, Value>() };
  const trace = new ForwardTrace(graph, inputs, everything, formsOf("cpu", graph));
  const obstacles = new Map<Value, Error>();
  const flat = new Map<Value, Error>();
  for (const node of pass.nodes) {
    const obstacle = firstOf(obstacles, node) ?? attempt(trace, node);
    for (const output of node.outputs) {
      if (obstacle) obstacles.set(output, obstacle);
      // a mask or a computed weight: no layer itself, and no obstacle to those that read it
      else if (!trace.isActive(output)) flat.set(output, firstOf(flat, node) ?? notSmooth(node));
    }
  }
  return new Map([...flat, ...obstacles]);
}

function firstOf(problems: ReadonlyMap<Value, Error>, { inputs }: Node): Error | null {
  const input = inputs.find((value) => problems.has(value));
  return (input !== undefined && problems.get(input)) || null;
}

function attempt(trace: ForwardTrace, node: Node): Error | null {
  try {
    trace.visit(node);
    return null;
  } catch (error) {
    if (error instanceof UnsupportedGradientError || error instanceof ModelError) return error;
    throw error;
  }
}

function notSmooth(node: Node, layerName = ""): UnsupportedGradientError {
  return new UnsupportedGradientError(
    node,
    "its output does not change smoothly with the image",
    "choose a layer before it",
    layerName,
  );
}

function pullBack(
  forms: Forms,
  pass: ForwardPass,
  steps: readonly Step[],
  cotangent: Value,
): Value {
  const contributions = new Map<Value, Value[]>([[pass.layer, [cotangent]]]);
  const take = (value: Value): Value | null => {
    const parts = contributions.get(value);
    contributions.delete(value);
    return parts ? forms.sum(parts) : null;
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
