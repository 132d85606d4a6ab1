import type { VjpContext } from "./rule.ts";

/**
 * Whether these inputs, by default all, are rectified or constants without a negative element.
 *
 * Sums, products, maxima and concatenations of such inputs are rectified: where the result is zero,
 * each input that has a gradient is either zero itself or multiplied by zero.
 */
export function areAllRectified(
  { facts, isRectified }: VjpContext,
  indices: readonly number[] = [...facts.keys()],
): boolean {
  return indices.every((index) => {
    const constant = facts[index]?.constant;
    const isNonNegative = constant?.type === "float32" && constant.data.every((x) => x >= 0);
    return isRectified(index) || isNonNegative;
  });
}
