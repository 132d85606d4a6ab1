import { parseBlocks } from "../../onnx/operators/layout.ts";
import { movement } from "../forward.ts";
import { pixelUnshuffle } from "../pixel-shuffle.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Pixel shuffle: Y[n, c, h b + i, w b + j] = X[n, k, h, w], where
 *
 *     k = (i b + j) C' + c   in mode DCR,      k = c b^2 + i b + j   in mode CRD
 *
 * The inverse is the gradient: SpaceToDepth for DCR, and for CRD (PyTorch's pixel shuffle) the
 * transpositions of `pixelUnshuffle`.
 *
 * X: [N, C' b^2, H, W], Y: [N, C', H b, W b].
 *
 * Source: ONNX operator DepthToSpace-13.
 */
export const depthToSpaceVjp: VjpRule = (context) => {
  const { graph, node } = context;
  const { blocksize, mode } = parseBlocks(node);
  return movement(context, (dY) =>
    mode === "CRD"
      ? pixelUnshuffle(graph, dY, blocksize)
      : graph.emit("SpaceToDepth", [dY], { blocksize }),
  );
};
