import { reshapeTo } from "../../../autodiff/shaping.ts";
import { DataType } from "../../../onnx/element-type.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, sizeOf } from "../../../onnx/tensor.ts";
import type { ChannelMap, ObjectiveGradient } from "../parts.ts";
import { mean } from "./mean.ts";
import type { Objective } from "./names.ts";
import { rectified } from "./rectified.ts";

const GRADIENTS: Readonly<Record<Objective, ObjectiveGradient>> = { mean, rectified };

export interface ObjectiveValues {
  /** [N]: the mean of each image's map, whatever the objective ("activation strength"). */
  readonly activation: Value;
  /** dObjective/dY, the layer's shape: where the backward pass starts. */
  readonly cotangent: Value;
}

/**
 * Emits the objective of each image on the channel that its row of `selection` picks.
 *
 * @param y [N, C, ...]: the layer's output; [N, C] is a map of one element.
 * @param selection [N, C], one-hot rows. One graph serves every channel of the layer.
 */
export function emitObjective(
  graph: GraphBuilder,
  y: Value,
  selection: Value,
  objective: Objective,
): ObjectiveValues {
  const shape = graph.shapeOf(y);
  const [n = 1, channels = 1, ...spatial] = shape;
  const channelMap = pickMap(graph, y, selection);
  const gradient = GRADIENTS[objective](graph, channelMap);
  const column = reshapeTo(graph, selection, [n, channels, 1]);
  const activation = reshapeTo(graph, channelMap.mean, [n]);
  const row = reshapeTo(graph, gradient, [n, 1, sizeOf(spatial)]);
  const cotangent = graph.emit("Mul", [column, row]);
  return { activation, cotangent: reshapeTo(graph, cotangent, shape) };
}

/**
 * Picked, not multiplied out: a channel that overflows must not make the others NaN; and not by
 * ArgMax, which only late versions of ONNX Runtime have a CUDA kernel of at opset 18.
 */
function pickMap(graph: GraphBuilder, y: Value, selection: Value): ChannelMap {
  const [n = 1, channels = 1, ...spatial] = graph.shapeOf(y);
  const places = graph.constant(floatTensor([1, channels], Array(channels).keys()));
  const place = graph.emit("ReduceSum", [graph.emit("Mul", [selection, places]), graph.ints([1])], {
    keepdims: 0,
  });
  const picked = graph.emit("Cast", [place], { to: DataType.int64 });
  const firsts = graph.ints(Array.from({ length: n }, (_, image) => image * channels));
  const rows = reshapeTo(graph, y, [n * channels, sizeOf(spatial)]);
  const map = graph.emit("Gather", [rows, graph.emit("Add", [picked, firsts])]);
  return { map, mean: graph.emit("ReduceMean", [map, graph.ints([1])], { keepdims: 1 }) };
}
