import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";

/**
 * w a, and zero where w is zero whatever stands in `a`: what overflows and is not asked for must
 * not make the rest NaN.
 *
 * @param weights w, of a shape that broadcasts to that of `a`
 */
export function emitSelected(graph: GraphBuilder, a: Value, weights: Value): Value {
  const zero = graph.scalar(0);
  const isLeftOut = graph.emit("Equal", [weights, zero]);
  const kept = graph.emit("Where", [isLeftOut, zero, a]);
  return graph.emit("Mul", [weights, kept]);
}
