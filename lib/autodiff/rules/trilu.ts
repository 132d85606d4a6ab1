import { intAttribute } from "../../onnx/node.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { requireConstant } from "../constant-inputs.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * One triangle of each matrix: Y = X M, M[i, j] = 1 where j - i >= k (upper) or <= k, else 0.
 *
 *     dX = dY M
 *
 * X, Y: [..., H, W]; M: [H, W]; k: constant, 0 where it is left out. Emitted as that product, since
 * CUDA and WebGPU have no Trilu at opset 18.
 *
 * Source: ONNX operator Trilu-14.
 */
export const triluVjp: VjpRule = (context) => {
  const { graph, node, input, mul } = context;
  const x = input(0);
  const isUpper = intAttribute(node, "upper", 1) !== 0;
  const [k = 0] = requireConstant(context, 1, "the diagonal");
  const [height = 1, width = 1] = graph.shapeOf(x).slice(-2);
  graph.reserve(height * width, "the mask of a triangle");
  const mask = Float32Array.from({ length: height * width }, (_, place) => {
    const above = (place % width) - Math.floor(place / width) - k;
    return (isUpper ? above >= 0 : above <= 0) ? 1 : 0;
  });
  const m = graph.constant(floatTensor([height, width], mask));
  return movement(context, (dY) => mul(dY, m), mul(x, m));
};
