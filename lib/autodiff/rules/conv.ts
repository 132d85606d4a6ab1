import type { Attributes, Node } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import { inferNode } from "../../onnx/shape-inference.ts";
import { UnsupportedGradientError } from "../errors.ts";
import type { VjpRule, VjpContext } from "../rule.ts";
import { type AxisWindow, slidingWindows } from "../window.ts";

/**
 * Convolution: Y = Conv(X, W) + B.
 *
 *     dX = dY correlated with W reversed, spread by the stride
 *
 * X: [N, Ci, ...], W: [Co, Ci / group, ...], Y: [N, Co, ...]; any number of spatial axes, groups,
 * strides, dilations and pads. Only X may depend on the image.
 *
 * Which form is fastest was measured (gradient forms in README.md): with stride 1 a convolution with the
 * reversed kernel on the CPU, ConvTranspose on CUDA (cuDNN's data gradient); with a stride
 * ConvTranspose on the CPU, a sub-pixel convolution on CUDA.
 *
 * Source: ONNX operator Conv-11.
 */
export const convVjp: VjpRule = ({ graph, node, inputs, isActive, forms }) => {
  const [x = "", weight = ""] = inputs;
  refuseActiveWeights(node, isActive);
  const facts = inputs.map((value) => (value ? graph.factsOf(value) : null));
  const outputShape = inferNode(node, facts)[0]!.shape;
  const group = intAttribute(node, "group", 1);
  const kernel = graph.shapeOf(weight).slice(2);
  const windows = slidingWindows(node, graph.shapeOf(x), outputShape, kernel);
  const y = graph.emit("Conv", inputs, { ...node.attributes, ...statedPads(windows) });
  return {
    outputs: [y],
    pullback: ([dY]) => [dY ? forms.convAdjoint({ windows, group, weight }, dY) : null, null, null],
  };
};

/** The padding in numbers: ONNX Runtime does not take auto_pad SAME together with dilations. */
function statedPads(windows: readonly AxisWindow[]): Attributes {
  const begins = windows.map(({ padBegin }) => padBegin);
  const ends = windows.map(({ padEnd }) => padEnd);
  return { auto_pad: "NOTSET", pads: [...begins, ...ends] };
}

/** Weights computed from the image (attention-like convolutions) have no gradient here. */
export function refuseActiveWeights(node: Node, isActive: VjpContext["isActive"]): void {
  if (!isActive(1) && !isActive(2)) return;
  throw new UnsupportedGradientError(
    node,
    "its weight or bias depends on the image",
    "choose a layer before it",
  );
}
