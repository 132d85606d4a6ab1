import type { Node } from "../model.ts";
import { mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";

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
