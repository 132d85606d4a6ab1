import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { flatLayer } from "./errors.ts";
import { type ForwardPass, ForwardTrace, type Step } from "./forward-trace.ts";
import type { Forms } from "./forms/forms.ts";
import { formsOf } from "./forms/index.ts";
import type { Provider } from "./provider.ts";
import type { ReluWay } from "./rewrites/index.ts";

export interface VjpOptions {
  /** [N, C, H, W], a value of the graph in place of the network's input. */
  readonly image: Value;
  /** Values of the graph in place of weights, by their names in the network. @default none */
  readonly replacements?: ReadonlyMap<Value, Value>;
  /** Values of the network where the way back is to be told of. @default none */
  readonly stops?: readonly Value[];
  /** `redirected`: out of where ReLUs are flat, no gradient any more. @default gradient */
  readonly relu?: ReluWay | undefined;
  readonly provider: Provider;
}

/**
 * Called on the way back at each of the stops, and there alone.
 *
 * @param stop the network's name of it
 * @param value the graph's value of it
 * @param cotangent dL/d(value)
 * @returns the cotangent to go on with
 */
export type AtStop = (stop: Value, value: Value, cotangent: Value) => Value;

export interface LayerVjp {
  /** The layer's output, a value of the graph. */
  readonly layer: Value;
  /** Of the pass's other layers. */
  readonly others: readonly Value[];
  /**
   * Emits the backward pass: dL/d(image) from dL/d(layer), and from those of the others in their
   * order. May be called once.
   */
  readonly pullback: (cotangent: Value, atStop?: AtStop, ofOthers?: readonly Value[]) => Value;
}

/**
 * Emits the forward pass of a network into `graph` and returns its pullback: reverse-mode
 * differentiation from graph to graph.
 *
 * Only nodes on a path from the image to a layer of the pass are differentiated: weights get no
 * gradients, and an operator without a rule is of no concern elsewhere.
 *
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function vjp(
  graph: GraphBuilder,
  pass: ForwardPass,
  { image, replacements, stops = [], relu, provider }: VjpOptions,
): LayerVjp {
  const forms = formsOf(provider, graph, pass.derived);
  const { others = [] } = pass;
  // of several layers one may lie on the way to another, and has a cotangent of its own there
  const asked = others.length === 0 ? stops : [...stops, pass.layer, ...others];
  const trace = new ForwardTrace(graph, pass, { image, replacements, stops: asked, relu, forms });
  for (const node of pass.nodes) trace.visit(node);
  for (const layer of [pass.layer, ...others]) {
    const maker = pass.nodes.find(({ outputs }) => outputs.includes(layer));
    if (maker && !trace.isActive(layer)) throw flatLayer(maker).towards(pass.layerName);
  }
  return {
    layer: trace.valueOf(pass.layer),
    others: others.map(trace.valueOf),
    pullback: (cotangent, atStop, ofOthers = []) => {
      const passing = (value: Value, part: Value) =>
        atStop && stops.includes(value) ? atStop(value, trace.valueOf(value), part) : part;
      const given = [cotangent, ...ofOthers];
      const ends = [pass.layer, ...others].map((layer, i) => [layer, given[i]!] as const);
      return pullBack({ forms, pass, steps: trace.steps, passing }, ends);
    },
  };
}

interface WayBack {
  readonly forms: Forms;
  readonly pass: ForwardPass;
  readonly steps: readonly Step[];
  /** The cotangent that goes on from a value, from the one that reached it. */
  readonly passing: (value: Value, cotangent: Value) => Value;
}

/** @param ends values of the network, each with its cotangent */
function pullBack(
  { forms, pass, steps, passing }: WayBack,
  ends: readonly (readonly [Value, Value])[],
): Value {
  const contributions = new Map<Value, Value[]>();
  const contribute = (value: Value, part: Value) => {
    const parts = contributions.get(value);
    if (parts) parts.push(part);
    else contributions.set(value, [part]);
  };
  for (const [value, cotangent] of ends) contribute(value, cotangent);
  const take = (value: Value): Value | null => {
    const parts = contributions.get(value);
    contributions.delete(value);
    return parts ? passing(value, forms.sum(parts)) : null;
  };
  for (const { node, pullback } of steps.toReversed()) {
    const cotangents = node.outputs.map(take);
    if (cotangents.every((part) => part === null)) continue;
    pullback(cotangents).forEach((part, i) => {
      const value = node.inputs[i];
      if (part !== null && value) contribute(value, part);
    });
  }
  const gradient = take(pass.input);
  if (gradient === null) {
    throw new Error(`internal: no gradient reached the image from '${pass.layerName}'`);
  }
  return gradient;
}
