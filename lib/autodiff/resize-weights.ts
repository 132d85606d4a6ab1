import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node } from "../onnx/model.ts";
import { describeNode } from "../onnx/node.ts";
import type { AxisScale, Resizing } from "../onnx/operators/resample.ts";
import { type FloatTensor, floatTensor } from "../onnx/tensor.ts";
import { UnsupportedGradientError } from "./errors.ts";

/** Resampling along one axis as a matrix. */
export interface AxisWeights {
  readonly axis: number;
  /** [output pixels, input pixels] */
  readonly weights: FloatTensor;
}

type Coordinate = (place: number, axis: AxisScale) => number;
type Taps = (
  coordinate: number,
  axis: AxisScale,
) => readonly (readonly [index: number, weight: number])[];

/** Where output pixel `place` lies in the input; float32 at each step, as ONNX Runtime computes. */
const COORDINATES: ReadonlyMap<string, Coordinate> = new Map<string, Coordinate>([
  ["half_pixel", (place, { scale }) => Math.fround(Math.fround((place + 0.5) / scale) - 0.5)],
  [
    "pytorch_half_pixel",
    (place, axis) =>
      axis.output > 1 ? Math.fround(Math.fround((place + 0.5) / axis.scale) - 0.5) : 0,
  ],
  [
    "align_corners",
    (place, { input, output }) =>
      output === 1 ? 0 : Math.fround((place * (input - 1)) / (output - 1)),
  ],
  ["asymmetric", (place, { scale }) => Math.fround(place / scale)],
]);

const NEAREST: ReadonlyMap<string, (coordinate: number) => number> = new Map([
  ["round_prefer_floor", (coordinate: number) => Math.ceil(coordinate - 0.5)],
  ["round_prefer_ceil", (coordinate: number) => Math.floor(coordinate + 0.5)],
  ["floor", Math.floor],
  ["ceil", Math.ceil],
]);

/**
 * Matrices of the axes that a Resize node changes.
 *
 * @throws UnsupportedGradientError for what has no matrix here.
 */
export function resizedAxes(
  graph: GraphBuilder,
  node: Node,
  resizing: Resizing,
): readonly AxisWeights[] {
  const refuse = (problem: string) =>
    new UnsupportedGradientError(
      node,
      problem,
      "only nearest, linear and cubic resampling of the whole input is supported",
    );

  const { coordinateTransformation, axes } = resizing;
  const coordinateOf = COORDINATES.get(coordinateTransformation);
  if (!coordinateOf) {
    throw refuse(`coordinate_transformation_mode is '${coordinateTransformation}'`);
  }
  const taps = tapsOf(resizing);
  if (!taps) throw refuse(`mode is '${resizing.mode}'`);

  // ONNX Runtime copies an input that keeps its lengths, whatever its scales are
  if (axes.every(({ input, output }) => input === output)) return [];
  return axes.flatMap((scale, axis) => {
    if (scale.scale === 1) return [];
    graph.reserve(scale.output * scale.input, describeNode(node));
    const tapsAt = (place: number) => taps(coordinateOf(place, scale), scale);
    return [{ axis, weights: weightMatrix(scale, tapsAt, resizing.excludeOutside) }];
  });
}

/** Which input pixels an output pixel reads, and how much of each; `null` for a mode not known. */
function tapsOf({ mode, nearestMode, cubicCoefficient: a, antialias }: Resizing): Taps | null {
  const nearest = NEAREST.get(nearestMode);
  if (mode === "nearest" && nearest) return (coordinate) => [[nearest(coordinate), 1]];
  const kernel = mode === "linear" ? LINEAR : mode === "cubic" ? cubic(a) : null;
  if (kernel === null) return null;
  if (antialias) return (coordinate, { scale }) => widened(kernel, coordinate, Math.min(scale, 1));
  return (coordinate) => {
    const left = Math.floor(coordinate);
    const offsets = Array.from({ length: 2 * kernel.reach }, (_, i) => i + 1 - kernel.reach);
    return offsets.map((offset) => [
      left + offset,
      kernel.at(Math.abs(coordinate - left - offset)),
    ]);
  };
}

/** How much a pixel counts by its distance, up to `reach` pixels, where it counts nothing. */
interface Kernel {
  readonly reach: number;
  readonly at: (distance: number) => number;
}

const LINEAR: Kernel = { reach: 1, at: (distance) => 1 - distance };

/** Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981. */
const cubic = (a: number): Kernel => ({
  reach: 2,
  at: (x) =>
    x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a,
});

/**
 * With antialias a kernel that shrinks the input is as much wider, its weights one in all.
 *
 * Source: ONNX Runtime, upsample_antialias.h.
 */
function widened({ reach, at }: Kernel, coordinate: number, scale: number) {
  const centre = coordinate + 0.5;
  const support = reach / scale;
  const [first, end] = [Math.floor(centre - support + 0.5), Math.floor(centre + support + 0.5)];
  const taps = Array.from({ length: end - first }, (_, i) => {
    const distance = Math.abs(first + i - centre + 0.5) * scale;
    return [first + i, at(distance)] as const;
  });
  return ofOneInAll(taps);
}

function ofOneInAll(taps: ReturnType<Taps>): ReturnType<Taps> {
  const sum = taps.reduce((total, [, weight]) => total + weight, 0);
  return taps.map(([index, weight]) => [index, weight / sum]);
}

/** Taps outside the input fall on its border pixel, or are left out. */
function weightMatrix(
  { input, output }: AxisScale,
  tapsAt: (place: number) => ReturnType<Taps>,
  excludesOutside: boolean,
): FloatTensor {
  const data = new Float32Array(output * input);
  const inside = ([index]: readonly [number, number]) => index >= 0 && index < input;
  for (let place = 0; place < output; place++) {
    const taps = tapsAt(place);
    for (const [index, weight] of excludesOutside ? ofOneInAll(taps.filter(inside)) : taps) {
      const column = Math.min(Math.max(index, 0), input - 1);
      data[place * input + column] = data[place * input + column]! + weight;
    }
  }
  return floatTensor([output, input], data);
}
