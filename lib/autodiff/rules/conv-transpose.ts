import { parseConvTranspose } from "../../onnx/operators/convolution.ts";
import { padsOf, shapeAttributes } from "../../onnx/operators/window.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { biasAdjoint, weightAdjoint } from "../weight-adjoint.ts";

/**
 * Transposed convolution: Y = ConvTranspose(X, W) + B.
 *
 *     dX = Conv(dY, W), with the same strides, pads, dilations and group
 *     dW = what that convolution's weight gets of X;   dB = sum of dY over images and places
 *
 * X: [N, Ci, ...], W: [Ci, Co / group, ...], Y: [N, Co, ...]. W read as a convolution's weight maps
 * Co channels to Ci, so it is used as it is. Pixels that `output_padding` appends beyond the last
 * window get no input, so they give no gradient.
 *
 * Source: ONNX operator ConvTranspose-11.
 *
 * @throws UnsupportedGradientError if output_padding is not less than the stride.
 */
export const convTransposeVjp: VjpRule = (context) => {
  const { graph, node, inputs, input, facts } = context;
  const { windows, group } = parseConvTranspose(node, facts);
  if (windows.some(({ outputPadding, stride }) => outputPadding >= stride)) {
    const outputPaddings = windows.map(({ outputPadding }) => outputPadding);
    throw new UnsupportedGradientError(
      node,
      `output_padding [${outputPaddings.join(", ")}] reaches the stride`,
      "export it with an output_padding below the stride",
    );
  }
  // in numbers: of auto_pad SAME ONNX's shapes are not always those that ONNX Runtime computes
  const geometry = { ...shapeAttributes(windows), pads: padsOf(windows), group };
  const output_padding = windows.map(({ outputPadding }) => outputPadding);
  const y = graph.emit("ConvTranspose", inputs, { ...geometry, output_padding });
  const [x, weight] = [input(0), input(1)];
  const weightShape = graph.shapeOf(weight);
  return oneOutput(context, y, (dY) => [
    () => graph.emit("Conv", [dY, weight], geometry),
    () => weightAdjoint(graph, { x: dY, dY: x, weightShape, windows, group }),
    () => biasAdjoint(graph, dY),
  ]);
};
