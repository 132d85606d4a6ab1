import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import type { ChannelMap, ObjectiveGradient, ObjectiveValues } from "../parts.ts";
import { emitSelected } from "./selected.ts";

/**
 * An objective on the weighted sum of channels: m = sum over c of w_c a_c, a map of P pixels.
 *
 *     dL/da_c = w_c dL/dm,  activation = mean m
 *
 * One channel is the sum with a one among zeros, bit for bit.
 *
 * @param y [N, C, ...]: the layer's output a; [N, C] is a map of one element
 * @param selection w, [N, C]: a row for each image, so that one graph serves every target
 * @param gradient emits dL/dm
 */
export function emitOnWeightedMap(
  graph: GraphBuilder,
  y: Value,
  selection: Value,
  gradient: ObjectiveGradient,
): ObjectiveValues {
  const shape = graph.shapeOf(y);
  const [n = 1, channels = 1, ...spatial] = shape;
  const pixels = sizeOf(spatial);
  const column = reshapeTo(graph, selection, [n, channels, 1]);
  const weighted = emitSelected(graph, reshapeTo(graph, y, [n, channels, pixels]), column);
  // a sum over one channel, as a selected one is, would change nothing and take its time
  const map =
    channels === 1
      ? reshapeTo(graph, weighted, [n, pixels])
      : graph.emit("ReduceSum", [weighted, graph.ints([1])], { keepdims: 0 });
  const mean = graph.emit("ReduceMean", [map, graph.ints([1])], { keepdims: 1 });
  const channelMap: ChannelMap = { map, mean };
  const row = reshapeTo(graph, gradient(graph, channelMap), [n, 1, pixels]);
  const cotangent = graph.emit("Mul", [column, row]);
  return {
    activation: reshapeTo(graph, mean, [n]),
    cotangent: reshapeTo(graph, cotangent, shape),
  };
}
