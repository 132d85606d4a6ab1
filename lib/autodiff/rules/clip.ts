import type { Value } from "../../onnx/model.ts";
import { requireConstant } from "../constant-inputs.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Clamp: Y = min(max(X, low), high), ReLU6 among others.
 *
 *     dX = dY where low < Y < high, else 0
 *
 * X, Y: any shape; low and high: scalars, each may be left out. At the bounds themselves the
 * subgradient is 0, as of PyTorch's ReLU6 and Hardtanh, so that with low >= 0 the output is
 * rectified. Bounds that are computed get what X does not, summed over all elements; at those the
 * gradient is X's, as of PyTorch's clamp.
 *
 * Source: ONNX operator Clip-13.
 */
export const clipVjp: VjpRule = (context) => {
  const { graph, forms, mul, facts } = context;
  if (facts.slice(1).some((bound) => bound && !bound.constant)) return withComputedBounds(context);
  const [low = -Infinity] = requireConstant(context, 1, "the lower bound");
  const [high = Infinity] = requireConstant(context, 2, "the upper bound");
  const y = emitForward(context);

  const pull = (dY: Value) => {
    let dX = dY;
    if (low === 0) dX = mul(dX, forms.isPositive(y));
    else if (isReachable(low)) dX = mul(dX, forms.isGreater(y, graph.scalar(low)));
    if (isReachable(high)) dX = mul(dX, forms.isGreater(graph.scalar(high), y));
    return [dX];
  };
  return { ...oneOutput(context, y, pull), isRectified: low >= 0 };
};

/** Exporters spell "no bound" as the largest float32 or as infinity. */
const LARGEST_FLOAT32 = 3.4028234e38;

function isReachable(bound: number): boolean {
  return Math.abs(bound) < LARGEST_FLOAT32;
}

function withComputedBounds(context: VjpContext): NodeVjp {
  const { graph, forms, input, inputs, mul, sub } = context;
  const x = input(0);
  const [, low = "", high = ""] = inputs;
  const raised = low === "" ? x : graph.emit("Max", [x, low]);
  const whole = (value: Value) => graph.emit("Expand", [value, graph.ints(graph.shapeOf(x))]);
  const isLow = low === "" ? null : forms.isGreater(whole(low), x);
  const isHigh = high === "" ? null : forms.isGreater(raised, whole(high));
  const without = (dY: Value, mask: Value | null) => (mask === null ? dY : sub(dY, mul(dY, mask)));
  const only = (dY: Value, mask: Value, bound: Value) => () =>
    sumTo(graph, mul(dY, mask), graph.shapeOf(bound));
  return oneOutput(context, emitForward(context), (dY) => {
    const below = without(dY, isHigh);
    return [
      () => without(below, isLow),
      isLow === null ? null : only(below, isLow, low),
      isHigh === null ? null : only(dY, isHigh, high),
    ];
  });
}
