import { describeNode, floatAttribute, intAttribute } from "../../onnx/node.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { requireConstant } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Batch normalisation at inference: Y = S (X - mean) / sqrt(var + epsilon) + B.
 *
 *     dX = dY S / sqrt(var + epsilon)
 *
 * X, Y: [N, C, ...]; S, B, mean, var: [C], constants, so that the slope is one constant per
 * channel.
 *
 * Source: ONNX operator BatchNormalization-15.
 *
 * @throws UnsupportedGradientError in training mode, or if a parameter is not a constant.
 */
export const batchNormalizationVjp: VjpRule = (context) => {
  const { graph, node, input, mul } = context;
  if (intAttribute(node, "training_mode", 0) !== 0) {
    throw new UnsupportedGradientError(
      node,
      "training_mode is 1",
      "export the model in evaluation mode",
    );
  }
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const s = requireConstant(context, 1, "the scale");
  const variance = requireConstant(context, 4, "the variance");
  const slope = s.map((scale, channel) => scale / Math.sqrt(variance[channel]! + epsilon));
  const places = graph.shapeOf(input(0)).slice(2);
  graph.reserve(slope.length, describeNode(node));
  const perChannel = floatTensor([slope.length, ...places.map(() => 1)], slope);
  return oneOutput(context, emitForward(context), (dY) => [mul(dY, graph.constant(perChannel))]);
};
