import { requireConstant } from "../constant-inputs.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Clamp: Y = min(max(X, low), high), ReLU6 among others.
 *
 *     dX = dY where low < Y < high, else 0
 *
 * X, Y: any shape; low and high: scalars, each may be left out. At the bounds themselves the
 * subgradient is 0, as of PyTorch's ReLU6 and Hardtanh, so that with low >= 0 the output is
 * rectified.
 *
 * Source: ONNX operator Clip-13.
 */
export const clipVjp: VjpRule = (context) => {
  const { graph, forms, mul } = context;
  const [low = -Infinity] = requireConstant(context, 1, "the lower bound");
  const [high = Infinity] = requireConstant(context, 2, "the upper bound");
  const y = emitForward(context);

  const pull = (dY: string) => {
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
