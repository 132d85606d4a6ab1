import type { Value } from "../../onnx/model.ts";
import { layerNormalizedAxes } from "../../onnx/operators/normalisation.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";
import { standardise } from "../standardise.ts";

/**
 * Layer normalisation: Y = S Z + B, Z = (X - m) r, r = 1 / sqrt(var + epsilon).
 *
 *     dX = r (dZ - mean(dZ) - Z mean(dZ Z)) + dm / n - dr r^2 Z / n,   dZ = S dY
 *     dS = dY Z,   dB = dY,   summed over repeated axes
 *
 * X, Y: any shape; mean m and var over the n elements of the axes from `axis` on, which have length
 * 1 in m and r, the optional outputs; S and the optional B broadcast to X.
 *
 * Source: ONNX operator LayerNormalization-17.
 */
export const layerNormalizationVjp: VjpRule = (context) => {
  const { graph, node, inputs, isActive, input, add, mul, div, sub } = context;
  const [s, b] = [input(1), inputs[2]];
  const shape = graph.shapeOf(input(0));
  const axes = layerNormalizedAxes(node, shape.length);
  const n = sizeOf(axes.map((axis) => shape[axis]!));
  const { z, mean, inverseDeviation: r, pullback } = standardise(context, axes);
  const scaled = mul(z, s);
  const y = b ? add(scaled, b) : scaled;
  return {
    outputs: [y, mean, r].slice(0, node.outputs.length),
    pullback: ([dY, dMean, dR]) => {
      const toX = () => {
        // where only a statistic is read, nothing comes the other ways
        let dX = dY ? pullback(mul(dY, s)) : mul(z, 0);
        if (dMean) dX = add(dX, div(dMean, n));
        if (dR) dX = sub(dX, mul(div(mul(dR, mul(r, r)), n), z));
        return dX;
      };
      const summed = (value: Value, index: number) =>
        sumTo(graph, value, graph.shapeOf(input(index)));
      const toParameters = dY ? [() => summed(mul(dY, z), 1), () => summed(dY, 2)] : [];
      const ways = [toX, ...toParameters];
      return inputs.map((_, i) => (isActive(i) ? (ways[i]?.() ?? null) : null));
    },
  };
};
