import { MAX_MADE_ELEMENTS, requireWithin } from "../budgets.ts";
import type { Node } from "../model.ts";
import { intAttribute, intsAttribute, mismatch, requiredInput } from "../node.ts";
import { filled, floatTensor, formatShape, sizeOf } from "../tensor.ts";
import { input, type Inputs, ofInputType, requiredInts } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import {
  type AxisWindow,
  padsOf,
  shapeAttributes,
  slidingWindows,
  span,
  windowAttributes,
} from "./window.ts";

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
 * follow from it, the odd pixel after for SAME_UPPER, before otherwise. A stated output that is
 * longer than all windows has the rest after the last, one for SAME ends with them, as ONNX Runtime
 * has it.
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
    const same = Math.min(length * axis.stride, full);
    const output = outputShape.length > 0 ? outputShape.at(i - rank)! : same;
    const total = Math.max(full - output, 0);
    const padBegin = autoPad === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
    const added = outputPadding + Math.max(output - full, 0);
    const pads = { padBegin, padEnd: total - padBegin };
    return { ...axis, ...pads, input: length, output, outputPadding: added };
  });
}

/**
 * Col2Im: columns of windows, [N, C products of the window, places], added up where they lie in the
 * image, [N, C, ...]. A transposed convolution of each channel by itself, whose weights put each of
 * a window's elements in its place.
 *
 * Source: ONNX operator Col2Im-18.
 */
const col2Im: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const [image, block] = [requiredInts(node, inputs, 1), requiredInts(node, inputs, 2)];
    const size = sizeOf(block);
    if (shape.length !== 3 || shape[1]! % size !== 0) {
      throw mismatch(node, `windows ${formatShape(block)} in columns ${formatShape(shape)}`);
    }
    return [shape[0]!, shape[1]! / size, ...image];
  }),
  unroll: (node, inputs, emitter) => {
    const { shape } = input(node, inputs, 0);
    const [image, block] = [requiredInts(node, inputs, 1), requiredInts(node, inputs, 2)];
    const size = sizeOf(block);
    const channels = shape[1]! / size;
    const made = channels * size * size;
    requireWithin(node, made, "weights of windows", MAX_MADE_ELEMENTS);
    const { axes } = windowAttributes(node, block);
    const places = axes.map((axis, i) => {
      const room = image[i]! + axis.padBegin + axis.padEnd - span(axis);
      return { ...axis, count: Math.floor(room / axis.stride) + 1, left: room % axis.stride };
    });
    if (sizeOf(places.map(({ count }) => count)) !== shape[2]) {
      throw mismatch(node, `${shape[2]} places of windows in an image ${formatShape(image)}`);
    }
    const oneHot = new Float32Array(channels * size * size);
    for (let i = 0; i < channels * size; i++) oneHot[i * size + (i % size)] = 1;
    const maps = emitter.ints(shape[0]!, shape[1]!, ...places.map(({ count }) => count));
    const x = emitter.emit("Reshape", [requiredInput(node, 0), maps]);
    const w = emitter.constant(floatTensor([channels * size, 1, ...block], oneHot));
    const attributes = {
      group: channels,
      ...shapeAttributes(axes),
      pads: padsOf(axes),
      output_padding: places.map(({ left }) => left),
    };
    emitter.end("ConvTranspose", [x, w], attributes);
  },
};

/** Operators that slide weights over the spatial axes. */
export const convolutions: Operators = {
  Conv: { infer: ofInputType((node, inputs) => parseConv(node, inputs).outputShape) },
  ConvTranspose: {
    infer: ofInputType((node, inputs) => parseConvTranspose(node, inputs).outputShape),
  },
  Col2Im: col2Im,
};
