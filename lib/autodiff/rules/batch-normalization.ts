import type { Value } from "../../onnx/model.ts";
import { describeNode, floatAttribute, intAttribute } from "../../onnx/node.ts";
import { floatTensor, type Tensor } from "../../onnx/tensor.ts";
import { requireConstantVector } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { reshapeTo, sumTo } from "../shaping.ts";

/**
 * Batch normalisation at inference: Y = S (X - M) r + B, r = 1 / sqrt(V + epsilon).
 *
 *     dX = dY S r,  dM = -sum(dX),  dV = -sum(dX (X - M)) r^2 / 2,
 *     dS = sum(dY (X - M)) r,  dB = sum(dY)
 *
 * X, Y: [N, C, ...]; S, B, M, V: [C], and sums are over all axes but that of C. Where all four are
 * constants, as they nearly always are, S r is one constant per channel. TensorFlow's converter
 * writes Keras's layer normalisation so that M and V are those of the image.
 *
 * Source: ONNX operator BatchNormalization-15.
 *
 * @throws UnsupportedGradientError in training mode.
 */
export const batchNormalizationVjp: VjpRule = (context) => {
  const { graph, node, facts, mul } = context;
  if (intAttribute(node, "training_mode", 0) !== 0) {
    throw new UnsupportedGradientError(
      node,
      "training_mode is 1",
      "export the model in evaluation mode",
    );
  }
  if (!facts.slice(1).every((parameter) => parameter?.constant)) return byStatistics(context);
  const slope = slopeOf(context);
  return oneOutput(context, emitForward(context), (dY) => [mul(dY, graph.constant(slope))]);
};

/** With parameters that are computed. */
function byStatistics(context: VjpContext): NodeVjp {
  const { graph, node, input, add, sub, mul } = context;
  const [x, s, m, v] = [input(0), input(1), input(3), input(4)];
  const vector = graph.shapeOf(s);
  const places = graph.shapeOf(x).slice(2);
  const alongChannels = (value: Value) =>
    reshapeTo(graph, value, [...vector, ...places.map(() => 1)]);
  const perChannel = (value: Value) =>
    reshapeTo(graph, sumTo(graph, value, graph.shapeOf(alongChannels(s))), vector);
  const negated = (value: Value) => graph.emit("Neg", [value]);
  return oneOutput(context, emitForward(context), (dY) => {
    const epsilon = floatAttribute(node, "epsilon", 1e-5);
    const r = graph.emit("Reciprocal", [graph.emit("Sqrt", [add(v, epsilon)])]);
    const dX = mul(dY, alongChannels(mul(s, r)));
    const centred = sub(x, alongChannels(m));
    return [
      () => dX,
      () => mul(perChannel(mul(dY, centred)), r),
      () => perChannel(dY),
      () => negated(perChannel(dX)),
      () => mul(perChannel(mul(dX, centred)), mul(mul(r, r), -0.5)),
    ];
  });
}

/**
 * S / sqrt(V + epsilon), [C, 1, ...]; apart from the rule, which would hold on to what it reads.
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
