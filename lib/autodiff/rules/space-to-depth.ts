import { parseBlocks } from "../../onnx/operators/layout.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Pixel unshuffle: Y[n, (i b + j) C + c, h, w] = X[n, c, h b + i, w b + j].
 *
 *     dX = DepthToSpace(dY), mode DCR
 *
 * X: [N, C, H b, W b], Y: [N, C b^2, H, W].
 *
 * Source: ONNX operator SpaceToDepth-13.
 */
export const spaceToDepthVjp: VjpRule = (context) => {
  const { graph, node } = context;
  const { blocksize } = parseBlocks(node);
  return movement(context, (dY) => graph.emit("DepthToSpace", [dY], { blocksize, mode: "DCR" }));
};
