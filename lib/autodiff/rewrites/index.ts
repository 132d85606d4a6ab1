import type { Node } from "../../onnx/model.ts";
import type { VjpRule } from "../rule.ts";
import { fusiblePadVjp } from "../rules/pad.ts";
import { markPadBeforeConv } from "./pad-before-conv.ts";
import {
  markReluBeforeMaxPool,
  maskedMaxPoolVjp,
  unmaskedReluVjp,
} from "./relu-before-max-pool.ts";

/** Marks nodes whose neighbours allow a better form, before they are emitted one by one. */
export function markNodes(nodes: readonly Node[]): readonly Node[] {
  return markPadBeforeConv(markReluBeforeMaxPool(nodes));
}

/** The gradient rule of each marked node, by its ONNX name. */
export const MARKED_RULES: Readonly<Record<string, VjpRule>> = {
  MaxPool: maskedMaxPoolVjp,
  Pad: fusiblePadVjp,
  Relu: unmaskedReluVjp,
};
