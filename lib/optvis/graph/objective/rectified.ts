import { DataType } from "../../../onnx/element-type.ts";
import type { ObjectiveGradient } from "../parts.ts";
import { mean as meanGradient } from "./mean.ts";

/**
 * L = mean max(a - stop(mean a), 0);  dL/da = [a > mean a] / P
 *
 * On a layer that is linear in the image the gradient of `mean` is the same everywhere, so the
 * pictures are flat; this breaks the symmetry. A map of one element is its own mean: there the
 * objective is `mean`.
 */
export const rectified: ObjectiveGradient = (graph, channelMap) => {
  const { map, mean } = channelMap;
  const [, pixels = 1] = graph.shapeOf(map);
  if (pixels === 1) return meanGradient(graph, channelMap);
  const share = graph.scalar(1 / pixels);
  const isAbove = graph.emit("Greater", [map, mean]);
  return graph.emit("Mul", [graph.emit("Cast", [isAbove], { to: DataType.float }), share]);
};
