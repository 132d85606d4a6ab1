import type { Value } from "../onnx/model.ts";
import type { VjpContext } from "./rule.ts";

/**
 * Slope of the exponential linear units at X, input 0: 1 where X > 0, else a e^X.
 *
 *     a e^min(X, 0) + (1 - a) [X > 0]      the first term is a where X > 0
 */
export function exponentialSlope(context: VjpContext, a: number): Value {
  const { graph, forms, input, add, mul } = context;
  const x = input(0);
  const decay = mul(a, graph.emit("Exp", [graph.emit("Min", [x, graph.scalar(0)])]));
  return a === 1 ? decay : add(decay, mul(1 - a, forms.isPositive(x)));
}
