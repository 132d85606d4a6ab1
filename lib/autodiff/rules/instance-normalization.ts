import type { Value } from "../../onnx/model.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo, sumTo } from "../shaping.ts";
import { standardise } from "../standardise.ts";

/**
 * Instance normalisation: Y = S Z + B, Z = (X - mean) r, r = 1 / sqrt(var + epsilon).
 *
 *     dX = r (dZ - mean(dZ) - Z mean(dZ Z)),   dZ = S dY
 *     dS = sum(dY Z),   dB = sum(dY),   over all axes but that of C
 *
 * X, Y: [N, C, D1, D2, ...]; S, B: [C]; mean and var over the places of one channel of one image.
 *
 * Source: ONNX operator InstanceNormalization-6.
 */
export const instanceNormalizationVjp: VjpRule = (context) => {
  const { graph, input, add, mul } = context;
  const [scale, bias] = [input(1), input(2)];
  const shape = graph.shapeOf(input(0));
  const places = shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const alongChannels = [shape[1]!, ...places.map(() => 1)];
  const perChannel = (value: Value) => reshapeTo(graph, value, alongChannels);
  const summed = (value: Value) =>
    reshapeTo(graph, sumTo(graph, value, alongChannels), [shape[1]!]);
  const { z, pullback } = standardise(context, places);
  const s = perChannel(scale);
  const y = add(mul(z, s), perChannel(bias));
  return oneOutput(context, y, (dY) => [
    () => pullback(mul(dY, s)),
    () => summed(mul(dY, z)),
    () => summed(dY),
  ]);
};
