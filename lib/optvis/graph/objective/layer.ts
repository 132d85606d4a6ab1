import { reshapeTo } from "../../../autodiff/shaping.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import type { ElementObjective } from "../parts.ts";
import { emitRowSums } from "./row-sums.ts";
import { emitSelected } from "./selected.ts";

/**
 * Whatever the layer sees, more of it: DeepDream.
 *
 *     L = mean over all elements of w_c a^2,  dL/da = 2 w_c a / (C P),  activation = L
 *
 * w: [N, C]; all ones for the layer as a whole.
 *
 * Source: Mordvintsev, Olah and Tyka, "Inceptionism", 2015, whose step follows dL/da = a;
 * `deepdream` in Lucid's optvis/objectives.py.
 */
export const layer: ElementObjective = (graph, y, selection) => {
  const shape = graph.shapeOf(y);
  const [n = 1, channels = 1, ...spatial] = shape;
  const column = reshapeTo(graph, selection, [n, channels, ...spatial.map(() => 1)]);
  const weighted = emitSelected(graph, y, column);
  // where w is zero the product is zero before a joins it
  const squares = emitSelected(graph, y, weighted);
  const count = channels * sizeOf(spatial);
  const sums = emitRowSums(graph, squares);
  return {
    activation: graph.emit("Mul", [sums, graph.scalar(1 / count)]),
    cotangent: graph.emit("Mul", [weighted, graph.scalar(2 / count)]),
  };
};
