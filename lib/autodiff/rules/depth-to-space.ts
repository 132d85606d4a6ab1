import { parseBlocks } from "../../onnx/operators/layout.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Pixel shuffle: Y[n, c, h b + i, w b + j] = X[n, k, h, w], where
 *
 *     k = (i b + j) C' + c   in mode DCR,      k = c b^2 + i b + j   in mode CRD
 *
 * The inverse is the gradient: SpaceToDepth for DCR, and for CRD (PyTorch's pixel shuffle) the
 * transposition by which it is defined.
 *
 * X: [N, C' b^2, H, W], Y: [N, C', H b, W b].
 *
 * Source: ONNX operator DepthToSpace-13.
 */
export const depthToSpaceVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const { blocksize: b, mode } = parseBlocks(node);
  const shape = graph.shapeOf(input(0));
  const [n = 1, channels = 1, h = 1, w = 1] = shape;

  return movement(context, (dY) => {
    if (mode === "DCR") return graph.emit("SpaceToDepth", [dY], { blocksize: b });
    const blocks = reshapeTo(graph, dY, [n, channels / b ** 2, h, b, w, b]);
    const depth = graph.emit("Transpose", [blocks], { perm: [0, 1, 3, 5, 2, 4] });
    return reshapeTo(graph, depth, shape);
  });
};
