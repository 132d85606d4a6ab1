import type { Node } from "../model.ts";
import { intAttribute, mismatch, requiredInput } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { Emitter, notInOpset18, type Upgrade, withoutAttributes } from "./upgrade.ts";

/**
 * Common shape of `shapes` under NumPy's multidirectional broadcasting.
 *
 * @throws ShapeMismatchError if two lengths of an axis differ and neither is 1.
 */
export function broadcast(node: Node, shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const length = lengths.find((candidate) => candidate !== 1) ?? 1;
    if (lengths.some((other) => other !== 1 && other !== length)) {
      const given = [...new Set(shapes.map(formatShape))].slice(0, 3).join(" and ");
      throw mismatch(node, `shapes ${given} do not broadcast`);
    }
    return length;
  });
}

/**
 * Before opset 7 the attribute `broadcast` lays B over the axes of A from `axis` on, by default over
 * its last ones; axes of length 1 behind those of B say the same since.
 *
 * Source: ONNX operator Add-6.
 */
export const laidOver: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 7) return [node];
  const bare = withoutAttributes(node, "axis", "broadcast");
  const isLaid = intAttribute(node, "broadcast", 0) === 1 && "axis" in node.attributes;
  if (!isLaid) return [bare];
  const [a, b] = [requiredInput(node, 0), requiredInput(node, 1)];
  const [rank, ofB] = [a, b].map((value) => rewriting.factsOf(value)?.shape.length);
  if (rank === undefined || ofB === undefined) throw notInOpset18(node, "the attribute 'axis'");
  const behind = rank - axisAttribute(node, rank) - ofB;
  // Caffe2 says -1 for the last axes, however many B has
  if (behind <= 0) return [bare];
  const emitter = new Emitter(bare, rewriting);
  const axes = emitter.ints(...Array.from({ length: behind }, (_, i) => -1 - i));
  return emitter.ending(node.op, [a, emitter.emit("Unsqueeze", [b, axes])]);
};
