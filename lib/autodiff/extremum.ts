import type { Value } from "../onnx/model.ts";
import { arithmetic } from "./arithmetic.ts";
import { oneOutput } from "./forward.ts";
import { areAllRectified } from "./rectified.ts";
import type { NodeVjp, VjpContext } from "./rule.ts";
import { sumTo } from "./shaping.ts";

/**
 * Max or Min of any number of inputs, folded from the left: Y1 = op(A0, A1), Y2 = op(Y1, A2), ...
 *
 * @param isSecond mask that is 1 where the second of two values is chosen, and 0 on a tie.
 */
export function extremum(
  context: VjpContext,
  isSecond: (first: Value, second: Value) => Value,
): NodeVjp {
  const { graph, node, input, inputs, isActive } = context;
  const { mul, sub } = arithmetic(graph);
  const first = input(0);
  const folds: { readonly before: Value; readonly next: Value }[] = [];
  let y = first;
  for (const next of inputs.slice(1)) {
    folds.push({ before: y, next });
    y = graph.emit(node.op, [y, next]);
  }
  if (folds.length === 0) y = graph.emit("Identity", [first]);

  const pull = (dY: Value) => {
    const cotangents: (Value | null)[] = [];
    let remaining = dY;
    for (const [i, { before, next }] of [...folds.entries()].toReversed()) {
      const taken = mul(remaining, isSecond(before, next));
      cotangents.unshift(isActive(i + 1) ? sumTo(graph, taken, graph.shapeOf(next)) : null);
      // a difference, not a second mask: together the two always carry all of dY
      remaining = sumTo(graph, sub(remaining, taken), graph.shapeOf(before));
    }
    return [isActive(0) ? remaining : null, ...cotangents];
  };
  return { ...oneOutput(context, y, pull), isRectified: areAllRectified(context) };
}
