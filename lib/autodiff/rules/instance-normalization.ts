import { refuseActive } from "../constant-inputs.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";
import { standardise } from "../standardise.ts";

/**
 * Instance normalisation: Y = S Z + B, Z = (X - mean) r, r = 1 / sqrt(var + epsilon).
 *
 *     dX = r (dZ - mean(dZ) - Z mean(dZ Z)),   dZ = S dY
 *
 * X, Y: [N, C, D1, D2, ...]; S, B: [C]; mean and var over the places of one channel of one image.
 *
 * Source: ONNX operator InstanceNormalization-6.
 *
 * @throws UnsupportedGradientError if the scale or the bias depends on the image.
 */
export const instanceNormalizationVjp: VjpRule = (context) => {
  const { graph, input, add, mul } = context;
  refuseActive(context, [1, 2], "its scale or bias");
  const [scale, bias] = [input(1), input(2)];
  const shape = graph.shapeOf(input(0));
  const places = shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const perChannel = (value: string) =>
    reshapeTo(graph, value, [shape[1]!, ...places.map(() => 1)]);
  const { z, pullback } = standardise(context, places);
  const s = perChannel(scale);
  const y = add(mul(z, s), perChannel(bias));
  return oneOutput(context, y, (dY) => [pullback(mul(dY, s))]);
};
