import { constantNumbers } from "../constant-inputs.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Repetition: Y = X, r times one after the other along each axis.
 *
 *     dX = dY summed over the copies
 *
 * X: [d1, d2, ...]; Y: [r1 d1, r2 d2, ...]; dY is summed as [r1, d1, r2, d2, ...] over r1, r2, ...
 *
 * Source: ONNX operator Tile-13.
 *
 * @throws UnsupportedGradientError if the repeats are computed while the network runs.
 */
export const tileVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const shape = graph.shapeOf(x);
  const repeats = constantNumbers(context, 1, "repeats") ?? [];
  const copies = shape.flatMap((length, axis) => [repeats[axis]!, length]);
  const copyAxes = graph.ints(shape.map((_, axis) => 2 * axis));
  const pull = (dY: string) => [
    graph.emit("ReduceSum", [reshapeTo(graph, dY, copies), copyAxes], { keepdims: 0 }),
  ];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
