import { reshapeTo } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, sizeOf, transpose } from "../../../onnx/tensor.ts";
import { isOfColours } from "../layer-pass.ts";
import type { ParameterisedImage } from "../parts.ts";

/**
 * Square root of the covariance of red, green and blue in ImageNet's photographs (rows), in a basis
 * of lightness and two colour differences (columns). Source: Lucid's constants.
 */
const COLOUR_CORRELATION = [
  [0.26, 0.09, 0.02],
  [0.27, 0, -0.05],
  [0.27, -0.09, 0.03],
] as const;
/** Euclidean length of its longest column, as Lucid divides by it. */
const LONGEST_COLUMN = Math.hypot(0.26, 0.27, 0.27);
/** Half of 0..255: the image lies this far to both sides of mid-grey. */
const HALF_RANGE = 127.5;

/**
 * Independent colours z [N, 3, ...] to the network's planes, between black and white:
 *
 *     rgb = 255 sigmoid(M z);  image = rgb - 127.5 = 127.5 tanh(M z / 2)
 *     dz = M^T (dimage * (127.5 - image^2 / 127.5) / 2)
 *
 * @param saturation factor of M's colour differences
 * @param planes which row of M (0 red, 1 green, 2 blue) each of the network's planes takes
 */
export function decorrelatedColours(saturation: number, planes: readonly number[]) {
  const halfM = planes.flatMap((colour) =>
    COLOUR_CORRELATION[colour]!.map(
      (value, j) => ((j === 0 ? 1 : saturation) * value) / LONGEST_COLUMN / 2,
    ),
  );
  const matrix = floatTensor([3, 3], halfM);
  const adjoint = transpose(matrix);
  return (graph: GraphBuilder, z: Value): ParameterisedImage => {
    const mixed = (by: typeof matrix, value: Value) => {
      const shape = graph.shapeOf(value);
      const flat = reshapeTo(graph, value, [...shape.slice(0, 2), sizeOf(shape.slice(2))]);
      return reshapeTo(graph, graph.emit("MatMul", [graph.constant(by), flat]), shape);
    };
    return squashed(graph, mixed(matrix, z), (before) =>
      // the matrix is half of M; the rest of the slope, 127.5, goes into its adjoint
      mixed({ ...adjoint, data: adjoint.data.map((value) => value * HALF_RANGE) }, before),
    );
  };
}

/**
 * How far a plane that is no colour deviates, in the units of M: as red, green and blue do on
 * average, so that its contrast begins as theirs.
 */
const DEVIATION =
  Math.hypot(...COLOUR_CORRELATION.flat()) / Math.sqrt(COLOUR_CORRELATION.length) / LONGEST_COLUMN;

/**
 * Planes that nothing is known of together, such as one of grey or the bands of a satellite: each
 * by itself, between black and white.
 *
 *     image = 127.5 tanh(d z / 2);  dz = dimage * (127.5 - image^2 / 127.5) d / 2
 *
 * z, image: [N, planes, ...]; d is `DEVIATION`.
 */
export function independentPlanes() {
  return (graph: GraphBuilder, z: Value): ParameterisedImage => {
    const { mul } = arithmetic(graph);
    return squashed(graph, mul(z, DEVIATION / 2), (before) =>
      mul(before, (DEVIATION / 2) * HALF_RANGE),
    );
  };
}

/**
 * Of planes that are colours their decorrelated ones, of others each by itself.
 *
 * @param planes which of red (0), green (1) and blue (2) each is; `null`: no colour
 */
export function planeColours(saturation: number, planes: readonly (number | null)[]) {
  return isOfColours(planes) ? decorrelatedColours(saturation, planes) : independentPlanes();
}

/** @param pullback from the cotangent of x, times 1 / 127.5, to that of what x was made of */
function squashed(
  graph: GraphBuilder,
  x: Value,
  pullback: (before: Value) => Value,
): ParameterisedImage {
  const { sub, mul } = arithmetic(graph);
  const tanh = graph.emit("Tanh", [x]);
  return {
    image: mul(tanh, HALF_RANGE),
    pullback: (cotangent) => pullback(mul(cotangent, sub(1, mul(tanh, tanh)))),
  };
}
