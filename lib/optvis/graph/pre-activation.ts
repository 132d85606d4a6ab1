import type { Model, Node, Value } from "../../onnx/model.ts";
import { operatorsNamed, standardNode } from "../../onnx/node.ts";
import { producersByValue } from "../../onnx/readers.ts";
import type { TargetLayer } from "./layer-pass.ts";

/** Operators that pass each channel's values on, the largest of some, or their mean. */
const PASS_ON = operatorsNamed(`
  Concat DepthToSpace Dropout Flatten Identity Pad Reshape Resize Slice Split Squeeze Transpose
  Unsqueeze AveragePool GlobalAveragePool GlobalMaxPool MaxPool ReduceMax ReduceMean
`);

/** What would be a layer's output, were it not rectified. */
export interface PreActivation {
  readonly value: Value;
  /** What feeds the rectifiers on the way to the layer. */
  readonly rectified: readonly Value[];
}

/**
 * What feeds a layer's rectifiers: the value that a ReLU, or a clamp from zero such as ReLU6, cuts
 * off; where several are joined, or a pool looks at them, what that would make of what feeds them.
 *
 * Where a channel is silent a rectifier passes no gradient on, so an ascent on its output may have
 * nowhere to go; what feeds it rises all the same.
 *
 * @param model with the values that `withPreActivations` adds
 * @returns `null` if the layer is not rectified
 */
export function preActivation(model: Model, { value }: TargetLayer): PreActivation | null {
  const makers = producersByValue(model.graph.nodes);
  const own = makers.get(value);
  const fed = own === undefined ? null : rectifiedBy(own, model);
  if (fed !== null) return { value: fed, rectified: [fed] };
  const makerOf = (made: Value) => (made.endsWith(UNRECTIFIED) ? makers.get(made) : undefined);
  const unrectified = unrectifiedName(value);
  if (makerOf(unrectified) === undefined) return null;
  // a set is walked on to what is added to it: each value once, however often it is joined
  const before = new Set([unrectified]);
  for (const made of before) {
    const { op, inputs = [] } = makerOf(made) ?? {};
    // behind the first are sizes and axes
    for (const input of op === "Concat" ? inputs : inputs.slice(0, 1)) before.add(input);
  }
  return {
    value: unrectified,
    rectified: [...before].filter((made) => makerOf(made) === undefined),
  };
}

/**
 * The model, and for each value that rectified ones become on the way to a layer the same of what
 * feeds the rectifiers. No other node reads these.
 */
export function withPreActivations(model: Model): Model {
  const feeding = new Map<Value, Value>();
  const nodes = model.graph.nodes.flatMap((node): readonly Node[] => {
    const fed = rectifiedBy(node, model);
    if (fed !== null) {
      feeding.set(node.outputs[0]!, fed);
      return [node];
    }
    const inputs = node.inputs.map((input) => feeding.get(input) ?? input);
    const isUnrectified = inputs.join() !== node.inputs.join();
    if (!isUnrectified || node.domain !== "" || !PASS_ON.has(node.op)) return [node];
    const outputs = node.outputs.map((value) => value && unrectifiedName(value));
    outputs.forEach((value, i) => feeding.set(node.outputs[i]!, value));
    const { op, attributes } = node;
    return [node, standardNode({ op, inputs, outputs, attributes })];
  });
  return feeding.size === 0 ? model : { ...model, graph: { ...model.graph, nodes } };
}

/** What a rectifier rectifies; `null` of a node that is none. */
function rectifiedBy({ op, domain, inputs }: Node, { graph, folded }: Model): Value | null {
  if (domain !== "") return null;
  const low = inputs[1] ?? "";
  const bound = graph.initializers.get(low) ?? folded.get(low);
  const isClampFromZero = op === "Clip" && bound?.type === "float32" && bound.data[0] === 0;
  return op === "Relu" || isClampFromZero ? inputs[0]! : null;
}

/** No exporter ends a name so. */
const UNRECTIFIED = " unrectified";
const unrectifiedName = (value: Value): Value => `${value}${UNRECTIFIED}`;
