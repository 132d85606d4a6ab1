import { floatAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Soft and hard shrinkage: Y = X - b where X > l, X + b where X < -l, else 0.
 *
 *     dX = dY where |X| > l, else 0
 *
 * X, Y: any shape. Zero at both corners, as in PyTorch. Emitted as its definition, as WebGPU has no
 * kernel.
 *
 * Source: ONNX operator Shrink-9.
 *
 * @throws UnsupportedGradientError for l below 0, where the ranges overlap.
 */
export const shrinkVjp: VjpRule = (context) => {
  const { graph, forms, node, input, mul, sub } = context;
  const [l, b] = [floatAttribute(node, "lambd", 0.5), floatAttribute(node, "bias", 0)];
  if (l < 0) throw new UnsupportedGradientError(node, `lambd is ${l}`, "choose a layer before it");
  const x = input(0);
  const mask = forms.isGreater(graph.emit("Abs", [x]), graph.scalar(l));
  const shifted = b === 0 ? x : sub(x, mul(b, graph.emit("Sign", [x])));
  return oneOutput(context, mul(shifted, mask), (dY) => [mul(dY, mask)]);
};
