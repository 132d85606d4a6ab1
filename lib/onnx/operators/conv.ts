import type { Node } from "../model.ts";
import { intAttribute, intsAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Operator } from "./operator.ts";
import { type AxisWindow, slidingWindows } from "./window.ts";

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
export function requireKernel(node: Node, kernel: readonly number[]): void {
  const declared = intsAttribute(node, "kernel_shape", kernel);
  if (declared.join() !== kernel.join()) {
    throw mismatch(
      node,
      `kernel_shape ${formatShape(declared)} differs from the weights' ${formatShape(kernel)}`,
    );
  }
}

/** The bias, input 2, is optional and has one number per output channel. */
export function requireBias(node: Node, inputs: Inputs, filters: number): void {
  const shape = inputs[2]?.shape;
  if (shape && (shape.length !== 1 || shape[0] !== filters)) {
    throw mismatch(node, `bias ${formatShape(shape)} does not fit ${filters} output channels`);
  }
}

export const conv: Operator = {
  infer: (node, inputs) => [
    { type: input(node, inputs, 0).type, shape: parseConv(node, inputs).outputShape },
  ],
};
