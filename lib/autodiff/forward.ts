import type { Value } from "../onnx/model.ts";
import type { NodeVjp, VjpContext } from "./rule.ts";
import { sumTo } from "./shaping.ts";

/** Emits the forward node as the network has it; its output. */
export function emitForward({ graph, node, inputs }: VjpContext): Value {
  return graph.emit(node.op, inputs, node.attributes);
}

/**
 * A node with the one output `y`.
 *
 * @param pull cotangents of the leading inputs from dY; those it leaves out (constants such as axes
 *   or bounds) get `null`.
 */
export function oneOutput(
  { inputs }: VjpContext,
  y: Value,
  pull: (dY: Value) => readonly (Value | null)[],
): NodeVjp {
  return {
    outputs: [y],
    pullback: ([dY]) => {
      const cotangents = dY ? pull(dY) : [];
      return inputs.map((_, index) => cotangents[index] ?? null);
    },
  };
}

/**
 * A node that applies a function to every element of input 0.
 *
 *     dX = dY slope(X)
 *
 * @param slope emits the function's derivative, from X or from Y
 */
export function elementwise(context: VjpContext, slope: (x: Value, y: Value) => Value): NodeVjp {
  const x = context.input(0);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [context.mul(dY, slope(x, y))]);
}

/**
 * A node with the one output `y`, for which its inputs were repeated along broadcast axes.
 *
 * @param pull for dY, what emits each input's cotangent in the shape of `y`. Asked only for inputs
 *   that depend on the image; the result is summed over the axes along which the input was
 *   repeated.
 */
export function broadcastOutput(
  context: VjpContext,
  y: Value,
  pull: (dY: Value) => readonly (() => Value)[],
): NodeVjp {
  const { graph, isActive } = context;
  return oneOutput(context, y, (dY) =>
    pull(dY).map((emit, i) =>
      isActive(i) ? sumTo(graph, emit(), graph.shapeOf(context.input(i))) : null,
    ),
  );
}

/**
 * A node whose one output holds elements of input 0, or sums or means of them: rectified if input 0
 * is.
 *
 * @param pull dX from dY
 */
export function movement(context: VjpContext, pull: (dY: Value) => Value): NodeVjp {
  return {
    ...oneOutput(context, emitForward(context), (dY) => [pull(dY)]),
    isRectified: context.isRectified(0),
  };
}
