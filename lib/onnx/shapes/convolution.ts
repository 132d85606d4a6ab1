import { intAttribute, intsAttribute } from "../node.ts";
import { filled, formatShape, input, mismatch, type ShapeFunction } from "./shape-function.ts";
import { slidingWindow, windowAttributes } from "./window.ts";

/** X [N, C, ...], W [M, C / group, ...kernel], B [M] -> Y [N, M, ...]. */
const conv: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
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
  requireBias(node, inputs[2]?.shape, filters);
  return [{ type, shape: [batch, filters, ...slidingWindow(node, spatial, kernel).output] }];
};

/**
 * X [N, C, ...], W [C, M / group, ...kernel] -> Y [N, M, ...].
 *
 *     output = (input - 1) * stride + output_padding + (kernel - 1) * dilation + 1 - pads
 *
 * or `output_shape` where given, or input * stride for auto_pad SAME.
 *
 * Source: ONNX operator ConvTranspose-11.
 */
const convTranspose: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
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
  const rank = spatial.length;
  const { strides, dilations, pads, autoPad } = windowAttributes(node, rank);
  const outputPadding = intsAttribute(node, "output_padding", filled(rank, 0));
  const outputShape = intsAttribute(node, "output_shape", []);
  const output = spatial.map((length, axis) => {
    // output_shape may also list N and M, which then come first
    if (outputShape.length > 0) return outputShape[outputShape.length - rank + axis]!;
    if (autoPad.startsWith("SAME")) return length * strides[axis]!;
    const padding = autoPad === "VALID" ? 0 : pads[axis]! + pads[axis + rank]!;
    const extent = (kernel[axis]! - 1) * dilations[axis]! + 1;
    return (length - 1) * strides[axis]! + outputPadding[axis]! + extent - padding;
  });
  if (output.some((length) => length < 1)) {
    throw mismatch(node, `the padding leaves nothing of the output: ${formatShape(output)}`);
  }
  requireBias(node, inputs[2]?.shape, filters * group);
  return [{ type, shape: [batch, filters * group, ...output] }];
};

function requireKernel(node: Parameters<ShapeFunction>[0], kernel: readonly number[]): void {
  const declared = intsAttribute(node, "kernel_shape", kernel);
  if (declared.join() !== kernel.join()) {
    throw mismatch(
      node,
      `kernel_shape ${formatShape(declared)} differs from the weights' ${formatShape(kernel)}`,
    );
  }
}

function requireBias(
  node: Parameters<ShapeFunction>[0],
  shape: readonly number[] | undefined,
  filters: number,
): void {
  if (shape && (shape.length !== 1 || shape[0] !== filters)) {
    throw mismatch(node, `bias ${formatShape(shape)} does not fit ${filters} output channels`);
  }
}

export const convolutionShapes: Readonly<Record<string, ShapeFunction>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
