import type { Node } from "../model.ts";
import { intAttribute, mismatch, stringAttribute } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { input } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/**
 * Side of the blocks of a DepthToSpace or SpaceToDepth node in pixels, and the order of the
 * channels; SpaceToDepth has "DCR" alone.
 */
export function parseBlocks(node: Node) {
  return {
    blocksize: intAttribute(node, "blocksize"),
    mode: stringAttribute(node, "mode", "DCR"),
  };
}

/** X [N, C b^2, H, W] -> Y [N, C, H b, W b]. */
export const depthToSpace: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const [batch, channels, height, width] = shape;
    const { blocksize: block } = parseBlocks(node);
    if (width === undefined || shape.length !== 4 || channels! % (block * block) !== 0) {
      throw mismatch(
        node,
        `blocks of ${block} do not divide the channels of ${formatShape(shape)}`,
      );
    }
    return [{ type, shape: [batch!, channels! / (block * block), height! * block, width * block] }];
  },
};

/** X [N, C, H b, W b] -> Y [N, C b^2, H, W]. */
export const spaceToDepth: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const [batch, channels, height, width] = shape;
    const { blocksize: block } = parseBlocks(node);
    if (width === undefined || shape.length !== 4 || height! % block !== 0 || width % block !== 0) {
      throw mismatch(node, `blocks of ${block} do not divide ${formatShape(shape)}`);
    }
    return [{ type, shape: [batch!, channels! * block * block, height! / block, width / block] }];
  },
};
