import type { Value } from "../../onnx/model.ts";
import { oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Elementwise maximum or minimum, with broadcasting: Y = max(A, B, ...), or min(A, B, ...).
 *
 *     dB = dY where B > A (for Min: A > B), else 0;   dA = dY - dB
 *
 * Three and more pairwise, from the left: Y1 = max(A, B), Y2 = max(Y1, C), ... Y: the broadcast
 * shape of all. Of equal values the first takes the whole gradient (PyTorch would share it), as in
 * max pooling.
 *
 * Source: ONNX operators Max-13, Min-13.
 */
export const extremumVjp: VjpRule = (context) => {
  const { graph, node, forms, input, inputs, isActive, mul, sub } = context;
  const isSecond = (first: Value, second: Value) =>
    node.op === "Max" ? forms.isGreater(second, first) : forms.isGreater(first, second);
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
};
