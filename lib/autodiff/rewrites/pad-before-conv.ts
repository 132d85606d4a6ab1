import type { Node } from "../../onnx/model.ts";
import { marked, readersByValue } from "./marked.ts";

/**
 * Marks each Pad that nothing but convolutions reads: it may be emitted as a Pad.
 *
 * ONNX Runtime fuses a Pad of zeros into what reads it. A convolution gains by it; a MaxPool would
 * take the zeros for minus infinity (see `padByConcat`), so any other Pad is emitted in another
 * form.
 */
export function markPadBeforeConv(nodes: readonly Node[]): readonly Node[] {
  const readers = readersByValue(nodes);
  const isFusible = ({ op, outputs }: Node) =>
    op === "Pad" && (readers.get(outputs[0]!) ?? []).every((reader) => reader.op === "Conv");
  return nodes.map((node) => (isFusible(node) ? marked(node) : node));
}
