import { shiftAlong } from "../../../autodiff/padding.ts";
import { slice } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { firstAgain, lastToFirst, type SurroundName } from "../transforms/surround.ts";

/**
 * Gradient of what is taken off the objective for roughness, anisotropic total variation:
 *
 *     L = weight (mean |x[i, j + 1] - x[i, j]| + mean |x[i + 1, j] - x[i, j]|)
 *
 * the means over all such pairs and colours of an image, which where it is wrapped are those across
 * its edges too. Each pair pulls its two pixels together with weight / (number of pairs); equal
 * pixels are left alone.
 *
 * @param image [N, planes, H, W]
 * @returns dL/dx, [N, planes, H, W]
 */
export function emitTotalVariationGradient(
  graph: GraphBuilder,
  image: Value,
  { weight, surround }: { readonly weight: number; readonly surround: SurroundName },
): Value {
  const { add, sub, mul } = arithmetic(graph);
  const isWrapped = surround === "wrapped";
  const [, colours = 1, ...area] = graph.shapeOf(image);
  const along = (axis: 2 | 3) => {
    const line = isWrapped ? firstAgain(graph, image, axis) : image;
    const [length = 1, across = 1] = axis === 2 ? area : area.toReversed();
    const steps = isWrapped ? length : length - 1;
    const pairs = colours * steps * across;
    const later = slice(graph, line, { axis, start: 1, end: steps + 1 });
    const earlier = slice(graph, line, { axis, start: 0, end: steps });
    const share = mul(graph.emit("Sign", [sub(later, earlier)]), weight / pairs);
    const placed = (offset: number) =>
      shiftAlong(graph, share, { axis, offset, length: steps + 1 });
    // the later pixel of a pair that rises adds to the roughness, the earlier takes away
    const pulls = sub(placed(1), placed(0));
    return isWrapped ? lastToFirst(graph, pulls, { axis, length }) : pulls;
  };
  return add(along(3), along(2));
}
