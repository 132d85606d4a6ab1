import { DataType } from "../onnx/element-type.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { sizeOf } from "../onnx/tensor.ts";

/**
 * What the ascent raises, on each image's own channel map a:
 *
 * - `mean`: the mean of a, as in deepDreamImage.
 * - `rectified`: the mean of max(a - stop(mean a), 0). On a layer that is linear in the image the
 *   gradient of `mean` is the same everywhere, so the pictures are flat; this breaks the symmetry.
 */
export type Objective = "mean" | "rectified";

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
  const pixels = sizeOf(spatial);
  const reshape = (value: Value, to: readonly number[]) =>
    graph.emit("Reshape", [value, graph.ints(to)]);

  // the map of the selected channel as a product with its one-hot row: [N, 1, C] x [N, C, HW]
  const row = reshape(selection, [n, 1, channels]);
  const map = graph.emit("MatMul", [row, reshape(y, [n, channels, pixels])]);
  const mean = graph.emit("ReduceMean", [map, graph.ints([2])], { keepdims: 1 });

  const share = graph.scalar(1 / pixels);
  const isRectified = objective === "rectified" && pixels > 1;
  const weights = isRectified
    ? graph.emit("Mul", [
        graph.emit("Cast", [graph.emit("Greater", [map, mean])], { to: DataType.float }),
        share,
      ])
    : graph.emit("Expand", [share, graph.ints([n, 1, pixels])]);
  const column = reshape(selection, [n, channels, 1]);
  return {
    activation: reshape(mean, [n]),
    cotangent: reshape(graph.emit("Mul", [column, weights]), shape),
  };
}
