import { slice } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";

/**
 * Gradient of what is taken off the objective for roughness, anisotropic total variation:
 *
 *     L = weight (mean |x[i, j + 1] - x[i, j]| + mean |x[i + 1, j] - x[i, j]|)
 *
 * the means over all such pairs and colours of an image. Each pair pulls its two pixels together
 * with weight / (number of pairs); equal pixels are left alone.
 *
 * @param image [N, planes, H, W]
 * @returns dL/dx, [N, planes, H, W]
 */
export function emitTotalVariationGradient(
  graph: GraphBuilder,
  image: Value,
  weight: number,
): Value {
  const [, colours = 1, height = 1, width = 1] = graph.shapeOf(image);
  const along = (axis: 2 | 3, pairs: number) => {
    const later = slice(graph, image, { axis, start: 1, end: axis === 2 ? height : width });
    const earlier = slice(graph, image, { axis, start: 0, end: -1 });
    const sign = graph.emit("Sign", [graph.emit("Sub", [later, earlier])]);
    const share = graph.emit("Mul", [sign, graph.scalar(weight / pairs)]);
    const [before, after] = [0, 1].map((start) => {
      const pads = [0, 1].map((side) =>
        [2, 3].map((each) => (each === axis && (side === 0) === (start === 1) ? 1 : 0)),
      );
      return graph.emit("Pad", [share, graph.ints([0, 0, ...pads[0]!, 0, 0, ...pads[1]!])]);
    }) as [Value, Value];
    // the later pixel of a pair that rises adds to the roughness, the earlier takes away
    return graph.emit("Sub", [after, before]);
  };
  return graph.emit("Add", [
    along(3, colours * height * (width - 1)),
    along(2, colours * (height - 1) * width),
  ]);
}
