import { intAttribute, intsAttribute, stringAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import type { VjpRule } from "../rule.ts";
import { refuseActiveWeights } from "./conv.ts";

/**
 * Transposed convolution: Y = ConvTranspose(X, W) + B.
 *
 *     dX = Conv(dY, W), with the same strides, pads, dilations and group
 *
 * X: [N, Ci, ...], W: [Ci, Co / group, ...], Y: [N, Co, ...]. W read as a convolution's weight maps
 * Co channels to Ci, so it is used as it is. Pixels that `output_padding` appends beyond the last
 * window get no input, so they give no gradient.
 *
 * Source: ONNX operator ConvTranspose-11.
 */
export const convTransposeVjp: VjpRule = ({ graph, node, inputs, isActive }) => {
  const [x = "", weight = ""] = inputs;
  refuseActiveWeights(node, isActive);
  const y = graph.emit("ConvTranspose", inputs, node.attributes);
  const kernel = graph.shapeOf(weight).slice(2);
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, "strides", ones);
  const dilations = intsAttribute(node, "dilations", ones);
  const outputPadding = intsAttribute(
    node,
    "output_padding",
    kernel.map(() => 0),
  );
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  const stated = intsAttribute(node, "pads", [...ones, ...ones].fill(0));
  const axes = kernel.map((_, axis) => axis);
  if (axes.some((axis) => outputPadding[axis]! >= strides[axis]!)) {
    throw new UnsupportedGradientError(
      node,
      `output_padding [${outputPadding.join(", ")}] reaches the stride`,
      "export it with an output_padding below the stride",
    );
  }

  /** With `output_shape` or SAME, the pads follow from the size that was asked for. */
  const totals = axes.map((axis) => {
    const [input, output] = [graph.shapeOf(x)[axis + 2]!, graph.shapeOf(y)[axis + 2]!];
    const full = strides[axis]! * (input - 1) + dilations[axis]! * (kernel[axis]! - 1) + 1;
    return full + outputPadding[axis]! - output;
  });
  const isStated = autoPad === "NOTSET" && node.attributes["output_shape"] === undefined;
  const begins = axes.map((axis) => {
    const half = totals[axis]! / 2;
    if (isStated) return stated[axis]!;
    return autoPad === "SAME_UPPER" ? Math.floor(half) : Math.ceil(half);
  });
  const ends = axes.map((axis) => totals[axis]! - begins[axis]!);

  return {
    outputs: [y],
    pullback: ([dY]) => {
      if (!dY) return [null, null, null];
      const dX = graph.emit("Conv", [dY, weight], {
        kernel_shape: kernel,
        strides,
        dilations,
        pads: [...begins, ...ends],
        group: intAttribute(node, "group", 1),
      });
      return [dX, null, null];
    },
  };
};
