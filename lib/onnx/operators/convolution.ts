import type { Node } from "../model.ts";
import { intAttribute, intsAttribute, mismatch } from "../node.ts";
import { filled, formatShape } from "../tensor.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import { type AxisWindow, slidingWindows, span, windowAttributes } from "./window.ts";

/** A Conv or ConvTranspose node at the size of its input. */
export interface Convolution<Window = AxisWindow> {
  readonly group: number;
  /** One per spatial axis. */
  readonly windows: readonly Window[];
  /** [N, M, ...] */
  readonly outputShape: readonly number[];
}

/**
 * X [N, C, ...], W [M, C / group, ...kernel], B [M] -> Y [N, M, ...].
 *
 * Source: ONNX operator Conv-11.
 *
 * @throws ShapeMismatchError if X, W and B do not fit together.
 */
export function parseConv(node: Node, inputs: Inputs): Convolution {
  const { shape } = input(node, inputs, 0);
  const [batch, channels, ...spatial] = shape;
  const [filters, filterChannels, ...kernel] = input(node, inputs, 1).shape;
  const group = intAttribute(node, "group", 1);
  if (batch === undefined || kernel.length !== spatial.length || filters === undefined) {
    throw mismatch(node, `weights of ${kernel.length + 2} axes on ${formatShape(shape)}`);
  }
  if (channels !== filterChannels! * group || filters % group !== 0) {
    throw mismatch(
      node,
      `input ${formatShape(shape)} has ${channels} channels, the weights want ` +
        `${filterChannels! * group} (${filterChannels} in each of ${group} groups)`,
    );
  }
  requireKernel(node, kernel);
  requireBias(node, inputs, filters);
  const windows = slidingWindows(node, spatial, kernel);
  return { group, windows, outputShape: [batch, filters, ...windows.map(({ output }) => output)] };
}

/** `kernel_shape` may be left out; stated, it is the weights'. */
function requireKernel(node: Node, kernel: readonly number[]): void {
  const declared = intsAttribute(node, "kernel_shape", kernel);
  if (declared.join() !== kernel.join()) {
    throw mismatch(
      node,
      `kernel_shape ${formatShape(declared)} differs from the weights' ${formatShape(kernel)}`,
    );
  }
}

/** The bias, input 2, is optional and has one number per output channel. */
function requireBias(node: Node, inputs: Inputs, filters: number): void {
  const shape = inputs[2]?.shape;
  if (shape && (shape.length !== 1 || shape[0] !== filters)) {
    throw mismatch(node, `bias ${formatShape(shape)} does not fit ${filters} output channels`);
  }
}

const conv: Operator = {
  infer: (node, inputs) => [
    { type: input(node, inputs, 0).type, shape: parseConv(node, inputs).outputShape },
  ],
};

/** Along one axis; `padBegin` and `padEnd` are cut off the output. */
interface TransposedAxis extends AxisWindow {
  /** Pixels added after the last window; part of `output`. */
  readonly outputPadding: number;
}

/**
 * X [N, C, ...], W [C, M / group, ...kernel], B [M] -> Y [N, M, ...].
 *
 *     output = (input - 1) * stride + output_padding + (kernel - 1) * dilation + 1 - pads
 *
 * `output_shape`, or input * stride for auto_pad SAME, states the output instead; the pads then
 * follow from it, the odd pixel after for SAME_UPPER, before otherwise.
 *
 * Source: ONNX operator ConvTranspose-11.
 *
 * @throws ShapeMismatchError if X, W and B do not fit together or the padding leaves nothing.
 */
export function parseConvTranspose(node: Node, inputs: Inputs): Convolution<TransposedAxis> {
  const { shape } = input(node, inputs, 0);
  const [batch, channels, ...spatial] = shape;
  const [filterChannels, filters, ...kernel] = input(node, inputs, 1).shape;
  const group = intAttribute(node, "group", 1);
  if (batch === undefined || kernel.length !== spatial.length || filters === undefined) {
    throw mismatch(node, `weights of ${kernel.length + 2} axes on ${formatShape(shape)}`);
  }
  if (channels !== filterChannels || channels! % group !== 0) {
    throw mismatch(
      node,
      `input ${formatShape(shape)} has ${channels} channels, the weights want ${filterChannels}`,
    );
  }
  requireKernel(node, kernel);
  const windows = transposedAxes(node, spatial, kernel);
  const outputs = windows.map(({ output }) => output);
  if (outputs.some((length) => length < 1)) {
    throw mismatch(node, `the padding leaves nothing of the output: ${formatShape(outputs)}`);
  }
  requireBias(node, inputs, filters * group);
  return { group, windows, outputShape: [batch, filters * group, ...outputs] };
}

function transposedAxes(
  node: Node,
  spatial: readonly number[],
  kernel: readonly number[],
): readonly TransposedAxis[] {
  const rank = spatial.length;
  const { autoPad, axes } = windowAttributes(node, kernel);
  const outputPaddings = intsAttribute(node, "output_padding", filled(rank, 0));
  const outputShape = intsAttribute(node, "output_shape", []);
  return spatial.map((length, i) => {
    const axis = axes[i]!;
    const outputPadding = outputPaddings[i]!;
    const full = (length - 1) * axis.stride + outputPadding + span(axis);
    const isSame = autoPad.startsWith("SAME");
    if (outputShape.length === 0 && !isSame) {
      const output = full - axis.padBegin - axis.padEnd;
      return { ...axis, input: length, output, outputPadding };
    }
    // output_shape may also list N and M, which then come first
    const output = outputShape.length > 0 ? outputShape.at(i - rank)! : length * axis.stride;
    const total = full - output;
    const padBegin = autoPad === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
    return { ...axis, padBegin, padEnd: total - padBegin, input: length, output, outputPadding };
  });
}

const convTranspose: Operator = {
  infer: (node, inputs) => [
    { type: input(node, inputs, 0).type, shape: parseConvTranspose(node, inputs).outputShape },
  ],
};

/** Operators that slide weights over the spatial axes. */
export const convolutions: Operators = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
