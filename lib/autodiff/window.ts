import type { Node } from "../onnx/model.ts";
import { intsAttribute, stringAttribute } from "../onnx/node.ts";
import { UnsupportedGradientError } from "./errors.ts";

/** Sliding window along one spatial axis: of a convolution or a pool. */
export interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and after, as stated or as `auto_pad` asks; `ceil_mode` may reach further. */
  readonly padBegin: number;
  readonly padEnd: number;
  /** Pixels of the input along this axis. */
  readonly input: number;
  /** Positions of the window, which is the output's length. */
  readonly output: number;
}

/**
 * Windows of a Conv, MaxPool or AveragePool node, one per spatial axis.
 *
 * @param inputShape [N, C, D1, D2, ...]
 * @param outputShape [N, C', O1, O2, ...]
 * @param kernel for a Conv without `kernel_shape`, the weight's spatial axes.
 */
export function slidingWindows(
  node: Node,
  inputShape: readonly number[],
  outputShape: readonly number[],
  kernel: readonly number[] = intsAttribute(node, "kernel_shape"),
): readonly AxisWindow[] {
  const rank = kernel.length;
  const ones = Array.from({ length: rank }, () => 1);
  const strides = intsAttribute(node, "strides", ones);
  const dilations = intsAttribute(node, "dilations", ones);
  const pads = intsAttribute(node, "pads", [...ones, ...ones].fill(0));
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");

  return kernel.map((k, axis) => {
    const stride = strides[axis]!;
    const dilation = dilations[axis]!;
    const input = inputShape[axis + 2]!;
    const output = outputShape[axis + 2]!;
    const extent = (output - 1) * stride + dilation * (k - 1) + 1;
    const [padBegin, padEnd] = padding(autoPad, extent - input, [pads[axis]!, pads[axis + rank]!]);
    return { kernel: k, stride, dilation, padBegin, padEnd, input, output };
  });
}

/** Pixels that the window spans, first tap to last. */
export function span({ kernel, dilation }: AxisWindow): number {
  return dilation * (kernel - 1) + 1;
}

/** Pixels at the end of the padded input that no window position reaches. */
export function unusedPixels(window: AxisWindow): number {
  const { input, output, padBegin, padEnd, stride } = window;
  return input + padBegin + padEnd - ((output - 1) * stride + span(window));
}

export function requireSpatialRank(node: Node, windows: readonly AxisWindow[], rank: number): void {
  if (windows.length === rank) return;
  throw new UnsupportedGradientError(
    node,
    `it has ${windows.length} spatial axes`,
    `only ${rank} are supported for this form`,
  );
}

/** SAME splits what the windows overhang; the odd pixel goes after (UPPER) or before (LOWER). */
function padding(
  autoPad: string,
  overhang: number,
  stated: readonly [number, number],
): readonly [begin: number, end: number] {
  const total = Math.max(overhang, 0);
  const less = Math.floor(total / 2);
  switch (autoPad) {
    case "SAME_UPPER":
      return [less, total - less];
    case "SAME_LOWER":
      return [total - less, less];
    case "VALID":
      return [0, 0];
    default:
      return stated;
  }
}
