import { layerNormalizedAxes } from "../../onnx/operators/normalisation.ts";
import { refuseActive } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import type { VjpRule } from "../rule.ts";
import { standardise } from "../standardise.ts";

/**
 * Layer normalisation: Y = S Z + B, Z = (X - mean) r, r = 1 / sqrt(var + epsilon).
 *
 *     dX = r (dZ - mean(dZ) - Z mean(dZ Z)),   dZ = S dY
 *
 * X, Y: any shape; mean and var over the axes from `axis` on; S and the optional B broadcast to X.
 * The optional outputs are the mean and r.
 *
 * Source: ONNX operator LayerNormalization-17.
 *
 * @throws UnsupportedGradientError if the scale or the bias depends on the image, or the layer on
 *   the mean or r themselves.
 */
export const layerNormalizationVjp: VjpRule = (context) => {
  const { graph, node, inputs, input, add, mul } = context;
  refuseActive(context, [1, 2], "its scale or bias");
  const [s, b] = [input(1), inputs[2]];
  const axes = layerNormalizedAxes(node, graph.shapeOf(input(0)).length);
  const { z, mean, inverseDeviation, pullback } = standardise(context, axes);
  const scaled = mul(z, s);
  const y = b ? add(scaled, b) : scaled;
  return {
    outputs: [y, mean, inverseDeviation].slice(0, node.outputs.length),
    pullback: ([dY, dMean, dDeviation]) => {
      if (dMean || dDeviation) {
        throw new UnsupportedGradientError(
          node,
          "the layer depends on its second or third output",
          "only the normalised output has a gradient",
        );
      }
      return inputs.map((_, i) => (i === 0 && dY ? pullback(mul(dY, s)) : null));
    },
  };
};
