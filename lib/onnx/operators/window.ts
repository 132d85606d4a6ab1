import type { Node } from "../model.ts";
import { intAttribute, intsAttribute, mismatch, stringAttribute } from "../node.ts";
import { filled, formatShape } from "../tensor.ts";

/** Sliding window along one spatial axis: of a convolution or a pool, `auto_pad` resolved. */
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
 * Where the window of a Conv, MaxPool, AveragePool or LpPool node goes, axis by axis.
 *
 * Without auto_pad, output = floor((input + pads - ((kernel - 1) * dilation + 1)) / stride) + 1;
 * with ceil_mode rounded up, except that a window starting in the padding after the input is
 * dropped. SAME_UPPER and SAME_LOWER give ceil(input / stride) and split what the windows overhang;
 * the odd pixel goes after (UPPER) or before (LOWER).
 *
 * Source: ONNX operators Conv-11 and MaxPool-12; ceil_mode as ONNX Runtime, pool_attributes.h.
 *
 * @param spatial The input's lengths [D1, D2, ...], without N and C.
 * @param kernel The window's lengths along the same axes.
 *
 * @throws ShapeMismatchError if the padded input is smaller than the window.
 */
export function slidingWindows(
  node: Node,
  spatial: readonly number[],
  kernel: readonly number[],
): readonly AxisWindow[] {
  const { autoPad, axes } = windowAttributes(node, kernel);
  const ceil = intAttribute(node, "ceil_mode", 0) === 1;
  return spatial.map((input, i) => {
    const axis = axes[i]!;
    const { stride, padBegin, padEnd } = axis;
    const extent = span(axis);
    if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
      const output = Math.ceil(input / stride);
      const total = Math.max(0, (output - 1) * stride + extent - input);
      const half = Math.floor(total / 2);
      const begin = autoPad === "SAME_UPPER" ? half : total - half;
      return { ...axis, padBegin: begin, padEnd: total - begin, input, output };
    }
    const room = input + padBegin + padEnd - extent;
    if (room < 0) {
      throw mismatch(
        node,
        `a window of ${extent} does not fit an input of ${formatShape(spatial)} with padding ` +
          `${padBegin} and ${padEnd}; the image is too small for this layer`,
      );
    }
    let output = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    if (ceil && (output - 1) * stride >= input + padBegin) output--;
    return { ...axis, input, output };
  });
}

/** A window before it is known what it slides over. */
export type StatedWindow = Omit<AxisWindow, "input" | "output">;

/**
 * The attributes all windowed operators share, defaults filled in; `auto_pad` VALID has no pads.
 */
export function windowAttributes(
  node: Node,
  kernel: readonly number[],
): { readonly autoPad: string; readonly axes: readonly StatedWindow[] } {
  const rank = kernel.length;
  const list = (name: string, count: number, fallback: number) => {
    const values = intsAttribute(node, name, filled(count, fallback));
    if (values.length === count) return values;
    throw mismatch(node, `attribute '${name}' must have ${count} numbers, got ${values.length}`);
  };
  const strides = list("strides", rank, 1);
  const dilations = list("dilations", rank, 1);
  const pads = list("pads", 2 * rank, 0);
  for (const value of [...strides, ...dilations]) {
    if (value < 1) throw mismatch(node, `strides and dilations must be at least 1, got ${value}`);
  }
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  const isValid = autoPad === "VALID";
  const axes = kernel.map((length, axis) => ({
    kernel: length,
    stride: strides[axis]!,
    dilation: dilations[axis]!,
    padBegin: isValid ? 0 : pads[axis]!,
    padEnd: isValid ? 0 : pads[axis + rank]!,
  }));
  return { autoPad, axes };
}

/** Pixels that a window spans, first tap to last. */
export function span({ kernel, dilation }: Pick<AxisWindow, "kernel" | "dilation">): number {
  return dilation * (kernel - 1) + 1;
}

/** What windows are in the attributes of a node, without their pads. */
export function shapeAttributes(
  windows: readonly Pick<AxisWindow, "kernel" | "stride" | "dilation">[],
) {
  return {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
  };
}

/** The pads of all axes as ONNX lists them: those before, then those after. */
export function padsOf(
  windows: readonly Pick<AxisWindow, "padBegin" | "padEnd">[],
): readonly number[] {
  return [...windows.map(({ padBegin }) => padBegin), ...windows.map(({ padEnd }) => padEnd)];
}

/** Pixels at the end of the padded input that no window position reaches; negative: an overhang. */
export function unusedPixels(window: AxisWindow): number {
  const { input, output, padBegin, padEnd, stride } = window;
  return input + padBegin + padEnd - ((output - 1) * stride + span(window));
}

/** ceil_mode lets the last window overhang the padding; said as padding, the lengths add up. */
export function withOverhang(window: AxisWindow): AxisWindow {
  return { ...window, padEnd: window.padEnd + Math.max(0, -unusedPixels(window)) };
}
