import { requiredInts } from "../../onnx/operators/inputs.ts";
import { movement } from "../forward.ts";
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
 */
export const tileVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const shape = graph.shapeOf(input(0));
  const repeats = requiredInts(node, facts, 1);
  const copies = shape.flatMap((length, axis) => [repeats[axis]!, length]);
  const copyAxes = graph.ints(shape.map((_, axis) => 2 * axis));
  return movement(context, (dY) =>
    graph.emit("ReduceSum", [reshapeTo(graph, dY, copies), copyAxes], { keepdims: 0 }),
  );
};
