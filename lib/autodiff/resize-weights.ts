import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node } from "../onnx/model.ts";
import { describeNode } from "../onnx/node.ts";
import type { AxisScale, Resizing } from "../onnx/operators/resample.ts";
import { type FloatTensor, floatTensor } from "../onnx/tensor.ts";
import { UnsupportedGradientError } from "./errors.ts";

/** Resampling along one axis as a matrix. */
export interface AxisWeights {
  /** Whether it is the last axis; else it is the one before. */
  readonly isLast: boolean;
  /** [output pixels, input pixels] */
  readonly weights: FloatTensor;
}

type Coordinate = (place: number, axis: AxisScale) => number;
type Taps = (coordinate: number) => readonly (readonly [index: number, weight: number])[];

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
      "only nearest, linear and cubic resampling of the last two axes is supported",
    );

  const { coordinateTransformation, axes } = resizing;
  const coordinateOf = COORDINATES.get(coordinateTransformation);
  if (!coordinateOf) {
    throw refuse(`coordinate_transformation_mode is '${coordinateTransformation}'`);
  }
  const taps = tapsOf(resizing);
  if (!taps) throw refuse(`mode is '${resizing.mode}'`);
  if (resizing.antialias) throw refuse("antialias is 1");
  if (resizing.excludeOutside) throw refuse("exclude_outside is 1");

  return axes.flatMap((axis, index) => {
    if (axis.input === axis.output && axis.scale === 1) return [];
    const fromEnd = axes.length - index;
    if (fromEnd > 2) throw refuse(`it resizes axis ${index}`);
    graph.reserve(axis.output * axis.input, describeNode(node));
    return [{ isLast: fromEnd === 1, weights: weightMatrix(axis, coordinateOf, taps) }];
  });
}

/** Which input pixels an output pixel reads, and how much of each; `null` for a mode not known. */
function tapsOf({ mode, nearestMode, cubicCoefficient: a }: Resizing): Taps | null {
  const nearest = NEAREST.get(nearestMode);
  if (mode === "nearest" && nearest) return (coordinate) => [[nearest(coordinate), 1]];
  if (mode === "linear") return kernelTaps([0, 1], (distance) => 1 - distance);
  if (mode !== "cubic") return null;
  return kernelTaps([-1, 0, 1, 2], (distance) => cubicKernel(a, distance));
}

/**
 * The pixels at these offsets from the one at or before the coordinate, weighed by their distance.
 */
function kernelTaps(offsets: readonly number[], kernel: (distance: number) => number): Taps {
  return (coordinate) => {
    const left = Math.floor(coordinate);
    return offsets.map((offset) => [left + offset, kernel(Math.abs(coordinate - left - offset))]);
  };
}

/** Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981. */
function cubicKernel(a: number, x: number): number {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/** Taps outside the input fall on its border pixel. */
function weightMatrix(axis: AxisScale, coordinateOf: Coordinate, taps: Taps): FloatTensor {
  const { input, output } = axis;
  const data = new Float32Array(output * input);
  for (let place = 0; place < output; place++) {
    for (const [index, weight] of taps(coordinateOf(place, axis))) {
      const column = Math.min(Math.max(index, 0), input - 1);
      data[place * input + column] = data[place * input + column]! + weight;
    }
  }
  return floatTensor([output, input], data);
}
