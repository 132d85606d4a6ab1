import { parseConv } from "../../onnx/operators/convolution.ts";
import { padsOf } from "../../onnx/operators/window.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { biasAdjoint, weightAdjoint } from "../weight-adjoint.ts";

/**
 * Convolution: Y = Conv(X, W) + B.
 *
 *     dX = dY correlated with W reversed, spread by the stride
 *     dW = X correlated with dY, spread by the stride;   dB = sum of dY over images and places
 *
 * X: [N, Ci, ...], W: [Co, Ci / group, ...], Y: [N, Co, ...]; any number of spatial axes, groups,
 * strides, dilations and pads. W and B may be made of the image, as in dynamic convolutions.
 *
 * Source: ONNX operator Conv-11.
 */
export const convVjp: VjpRule = (context) => {
  const { graph, node, inputs, input, facts, forms } = context;
  const convolution = parseConv(node, facts);
  const { windows, group } = convolution;
  // padding in numbers: ONNX Runtime does not take auto_pad SAME together with dilations
  const padding = { auto_pad: "NOTSET", pads: padsOf(windows) };
  const y =
    forms.conv(inputs, convolution) ??
    graph.emit("Conv", inputs, { ...node.attributes, ...padding });
  const weight = input(1);
  const weightShape = graph.shapeOf(weight);
  return oneOutput(context, y, (dY) => [
    () => forms.convAdjoint(dY, { windows, group, weight }),
    () => weightAdjoint(graph, { x: input(0), dY, weightShape, windows, group }),
    () => biasAdjoint(graph, dY),
  ]);
};
