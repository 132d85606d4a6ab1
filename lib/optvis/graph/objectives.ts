import { DataType } from "../../onnx/element-type.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor, sizeOf } from "../../onnx/tensor.ts";

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

  // picked, not multiplied out: a channel that overflows must not make the others NaN; and not by
  // ArgMax, which only late versions of ONNX Runtime have a CUDA kernel of at opset 18
  const places = graph.constant(floatTensor([1, channels], Array(channels).keys()));
  const place = graph.emit("ReduceSum", [graph.emit("Mul", [selection, places]), graph.ints([1])], {
    keepdims: 0,
  });
  const picked = graph.emit("Cast", [place], { to: DataType.int64 });
  const firsts = graph.ints(Array.from({ length: n }, (_, image) => image * channels));
  const map = graph.emit("Gather", [
    reshape(y, [n * channels, pixels]),
    graph.emit("Add", [picked, firsts]),
  ]);
  const mean = graph.emit("ReduceMean", [map, graph.ints([1])], { keepdims: 1 });

  const share = graph.scalar(1 / pixels);
  const isRectified = objective === "rectified" && pixels > 1;
  const weights = isRectified
    ? graph.emit("Mul", [
        graph.emit("Cast", [graph.emit("Greater", [map, mean])], { to: DataType.float }),
        share,
      ])
    : graph.emit("Expand", [share, graph.ints([n, pixels])]);
  const column = reshape(selection, [n, channels, 1]);
  return {
    activation: reshape(mean, [n]),
    cotangent: reshape(graph.emit("Mul", [column, reshape(weights, [n, 1, pixels])]), shape),
  };
}
