import type { Node } from "../model.ts";
import { intAttribute, intsAttribute, stringAttribute } from "../node.ts";
import { filled, formatShape, mismatch } from "./shape-function.ts";

/** A convolution's or pool's window along each spatial axis, `auto_pad` resolved. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Cells added before and after each axis. */
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** Number of window positions along each axis. */
  readonly output: readonly number[];
}

/**
 * Where the window of a Conv, MaxPool, AveragePool or LpPool node goes over `spatial` axes.
 *
 * Without auto_pad, output = floor((input + pads - ((kernel - 1) * dilation + 1)) / stride) + 1; with
 * ceil_mode rounded up, except that a window starting in the padding after the input is dropped.
 * SAME_UPPER and SAME_LOWER give ceil(input / stride).
 *
 * Source: ONNX operators Conv-11 and MaxPool-12; ceil_mode as ONNX Runtime, pool_attributes.h.
 *
 * @throws ShapeMismatchError if the padded input is smaller than the window.
 */
export function slidingWindow(
  node: Node,
  spatial: readonly number[],
  kernel: readonly number[],
): Window {
  const rank = spatial.length;
  const { strides, dilations, pads, autoPad } = windowAttributes(node, rank);
  const ceil = intAttribute(node, "ceil_mode", 0) === 1;
  const axes = spatial.map((length, axis) => {
    const stride = strides[axis]!;
    const extent = (kernel[axis]! - 1) * dilations[axis]! + 1;
    if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
      const output = Math.ceil(length / stride);
      const total = Math.max(0, (output - 1) * stride + extent - length);
      const half = Math.floor(total / 2);
      const begin = autoPad === "SAME_UPPER" ? half : total - half;
      return { output, begin, end: total - begin };
    }
    const begin = autoPad === "VALID" ? 0 : pads[axis]!;
    const end = autoPad === "VALID" ? 0 : pads[axis + rank]!;
    const room = length + begin + end - extent;
    if (room < 0) {
      throw mismatch(
        node,
        `a window of ${extent} does not fit an input of ${formatShape(spatial)} with padding ` +
          `${begin} and ${end}; the image is too small for this layer`,
      );
    }
    let output = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    if (ceil && (output - 1) * stride >= length + begin) output--;
    return { output, begin, end };
  });
  return {
    kernel,
    strides,
    dilations,
    padsBegin: axes.map(({ begin }) => begin),
    padsEnd: axes.map(({ end }) => end),
    output: axes.map(({ output }) => output),
  };
}

/** The attributes all windowed operators share, defaults filled in for `rank` spatial axes. */
export function windowAttributes(node: Node, rank: number) {
  const ones = filled(rank, 1);
  const lists = {
    strides: intsAttribute(node, "strides", ones),
    dilations: intsAttribute(node, "dilations", ones),
    pads: intsAttribute(node, "pads", filled(2 * rank, 0)),
  };
  for (const [name, list] of Object.entries(lists)) {
    const wanted = name === "pads" ? 2 * rank : rank;
    if (list.length !== wanted) {
      throw mismatch(node, `attribute '${name}' must have ${wanted} numbers, got ${list.length}`);
    }
  }
  for (const value of [...lists.strides, ...lists.dilations]) {
    if (value < 1) throw mismatch(node, `strides and dilations must be at least 1, got ${value}`);
  }
  return { ...lists, autoPad: stringAttribute(node, "auto_pad", "NOTSET") };
}
