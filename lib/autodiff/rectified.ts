import type { VjpContext } from "./rule.ts";

/**
 * Whether every input is rectified or a constant without a negative element.
 *
 * Sums, products, maxima and concatenations of such inputs are rectified: where the result is zero,
 * each input that has a gradient is either zero itself or multiplied by zero.
 */
export function areAllRectified(context: VjpContext): boolean {
  return context.inputs.every((_, index) => isRectifiedOrConstant(context, index));
}

function isRectifiedOrConstant({ graph, inputs, isRectified }: VjpContext, index: number) {
  if (isRectified(index)) return true;
  const constant = graph.factsOf(inputs[index]!).constant;
  return constant?.type === "float32" && constant.data.every((value) => value >= 0);
}
