import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { padsOf, type StatedWindow } from "../onnx/operators/window.ts";
import { crop } from "./padding.ts";
import { reshapeTo } from "./shaping.ts";

/** A convolution's parts, X [N, Ci, ...] and dY [N, Co, ...], and what its weight is like. */
interface WeightUse {
  readonly x: Value;
  readonly dY: Value;
  readonly weightShape: readonly number[];
  readonly windows: readonly StatedWindow[];
  readonly group: number;
}

/**
 * Adjoint of Y = Conv(X, W) with respect to W, as a convolution in which images are channels, and
 * channels images: each filter's dY is the kernel, stride and dilation change places.
 */
export function weightAdjoint(
  graph: GraphBuilder,
  { x, dY, weightShape, windows, group }: WeightUse,
): Value {
  const [n, ci, ...places] = graph.shapeOf(x) as [number, number, ...number[]];
  const spatial = windows.map((_, i) => 2 + i);
  const grouped = reshapeTo(graph, x, [n, group, ci / group, ...places]);
  const perm = [2, 1, 0, ...spatial.map((axis) => axis + 1)];
  const swapped = graph.emit("Transpose", [grouped], { perm });
  const turned = reshapeTo(graph, swapped, [ci / group, group * n, ...places]);
  const swap = [1, 0, ...spatial];
  const kernel = graph.emit("Transpose", [dY], { perm: swap });
  const dW = graph.emit("Conv", [turned, kernel], {
    group,
    strides: windows.map(({ dilation }) => dilation),
    dilations: windows.map(({ stride }) => stride),
    pads: padsOf(windows),
  });
  // pixels behind the last window make more taps than the kernel has
  const surplus = graph.shapeOf(dW).map((taps, axis) => (axis < 2 ? 0 : taps - weightShape[axis]!));
  const taps = crop(graph, dW, { begins: surplus.map(() => 0), ends: surplus });
  return graph.emit("Transpose", [taps], { perm: swap });
}

/** Adjoint of a bias [Co] that is added at each place of each image: the sum of dY over these. */
export function biasAdjoint(graph: GraphBuilder, dY: Value): Value {
  const others = [...graph.shapeOf(dY).keys()].filter((axis) => axis !== 1);
  return graph.emit("ReduceSum", [dY, graph.ints(others)], { keepdims: 0 });
}
