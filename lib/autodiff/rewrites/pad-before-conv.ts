import type { Node } from "../../onnx/model.ts";
import type { VjpRule } from "../rule.ts";
import { fusiblePadVjp } from "../rules/pad.ts";
import { isStandard, readersByValue } from "../../onnx/readers.ts";

/**
 * Each Pad that nothing but convolutions reads: it may be emitted as a Pad.
 *
 * ONNX Runtime fuses a Pad of zeros into what reads it. A convolution gains by it; a MaxPool would
 * take the zeros for minus infinity (see `padByConcat`), so any other Pad is emitted in another
 * form.
 */
export function padsBeforeConv(nodes: readonly Node[]): ReadonlyMap<Node, VjpRule> {
  const readers = readersByValue(nodes);
  const isFusible = (node: Node) =>
    isStandard(node, "Pad") &&
    (readers.get(node.outputs[0]!) ?? []).every((reader) => isStandard(reader, "Conv"));
  return new Map(nodes.filter(isFusible).map((node) => [node, fusiblePadVjp]));
}
