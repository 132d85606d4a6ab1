import { describeNode, floatAttribute, intAttribute } from "../../onnx/node.ts";
import { floatTensor, type Tensor } from "../../onnx/tensor.ts";
import { refuseActive, requireConstantVector } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpContext, VjpRule } from "../rule.ts";

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
  const { graph, node, mul } = context;
  if (intAttribute(node, "training_mode", 0) !== 0) {
    throw new UnsupportedGradientError(
      node,
      "training_mode is 1",
      "export the model in evaluation mode",
    );
  }
  refuseActive(context, [1, 2, 3, 4], "its scale, bias, mean or variance");
  const slope = slopeOf(context);
  return oneOutput(context, emitForward(context), (dY) => [mul(dY, graph.constant(slope))]);
};

/**
 * S / sqrt(var + epsilon), [C, 1, ...]; apart from the rule, which would hold on to what it reads.
 */
function slopeOf(context: VjpContext): Tensor {
  const { graph, node, input } = context;
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const s = requireConstantVector(context, 1, "the scale");
  const variance = requireConstantVector(context, 4, "the variance");
  const places = graph.shapeOf(input(0)).slice(2);
  graph.reserve(s.length, describeNode(node));
  const slope = new Float32Array(s.length);
  for (let c = 0; c < slope.length; c++) slope[c] = s[c]! / Math.sqrt(variance[c]! + epsilon);
  return floatTensor([s.length, ...places.map(() => 1)], slope);
}
