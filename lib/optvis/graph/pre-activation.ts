import type { Model, Value } from "../../onnx/model.ts";
import type { TargetLayer } from "./layer-pass.ts";

/**
 * What feeds a rectifier: the value that a ReLU, or a clamp from zero such as ReLU6, cuts off.
 *
 * Where a channel is silent a rectifier passes no gradient on, so an ascent on its output may have
 * nowhere to go; what feeds it rises all the same.
 *
 * @returns `null` if the layer is no rectifier
 */
export function preActivation({ graph, folded }: Model, { value }: TargetLayer): Value | null {
  const node = graph.nodes.find(({ outputs }) => outputs.includes(value));
  if (node === undefined || node.domain !== "") return null;
  const isRelu = node.op === "Relu";
  const low = node.inputs[1] ?? "";
  const bound = graph.initializers.get(low) ?? folded.get(low);
  const isClampFromZero = node.op === "Clip" && bound?.type === "float32" && bound.data[0] === 0;
  return isRelu || isClampFromZero ? node.inputs[0]! : null;
}
