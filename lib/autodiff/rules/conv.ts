import { parseConv } from "../../onnx/operators/convolution.ts";
import { padsOf } from "../../onnx/operators/window.ts";
import { refuseActive } from "../constant-inputs.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Convolution: Y = Conv(X, W) + B.
 *
 *     dX = dY correlated with W reversed, spread by the stride
 *
 * X: [N, Ci, ...], W: [Co, Ci / group, ...], Y: [N, Co, ...]; any number of spatial axes, groups,
 * strides, dilations and pads.
 *
 * Source: ONNX operator Conv-11.
 *
 * @throws UnsupportedGradientError if W or B depends on the image, as in attention-like
 *   convolutions.
 */
export const convVjp: VjpRule = (context) => {
  const { graph, node, inputs, input, facts, forms } = context;
  refuseActive(context, [1, 2], "its weight or bias");
  const { windows, group } = parseConv(node, facts);
  // padding in numbers: ONNX Runtime does not take auto_pad SAME together with dilations
  const padding = { auto_pad: "NOTSET", pads: padsOf(windows) };
  const y = graph.emit("Conv", inputs, { ...node.attributes, ...padding });
  const weight = input(1);
  return oneOutput(context, y, (dY) => [forms.convAdjoint(dY, { windows, group, weight })]);
};
