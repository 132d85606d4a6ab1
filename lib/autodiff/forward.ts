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
 * @param pull cotangents of the leading inputs from dY, or what emits them, asked only for inputs
 *   that depend on the image; inputs it leaves out (constants such as axes or bounds) get `null`.
 */
export function oneOutput(
  { inputs, isActive }: VjpContext,
  y: Value,
  pull: (dY: Value) => readonly (Value | null | (() => Value))[],
): NodeVjp {
  return {
    outputs: [y],
    pullback: ([dY]) => {
      const cotangents = dY ? pull(dY) : [];
      return inputs.map((_, i) => {
        const cotangent = cotangents[i] ?? null;
        if (typeof cotangent !== "function") return cotangent;
        return isActive(i) ? cotangent() : null;
      });
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
 * As `oneOutput`, for inputs that were repeated along broadcast axes to the shape of `y`: `pull`
 * emits their cotangents in that shape, which are then summed over the axes.
 */
export function broadcastOutput(
  context: VjpContext,
  y: Value,
  pull: (dY: Value) => readonly (() => Value)[],
): NodeVjp {
  const { graph, input } = context;
  return oneOutput(context, y, (dY) =>
    pull(dY).map((emit, i) => () => sumTo(graph, emit(), graph.shapeOf(input(i)))),
  );
}

/**
 * A node whose one output holds elements of input 0, or sums or means of them, be they scaled:
 * rectified if input 0 is.
 *
 * @param pull dX from dY
 * @param y the output. @default emitted as the network has it
 */
export function movement(
  context: VjpContext,
  pull: (dY: Value) => Value,
  y: Value = emitForward(context),
): NodeVjp {
  return { ...oneOutput(context, y, (dY) => [pull(dY)]), isRectified: context.isRectified(0) };
}
