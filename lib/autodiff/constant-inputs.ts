import { constantNumbers } from "../onnx/operators/inputs.ts";
import { UnsupportedGradientError } from "./errors.ts";
import type { VjpContext } from "./rule.ts";

/**
 * Numbers of an input that must be constant, row-major; none where an optional one is left out.
 *
 * @throws UnsupportedGradientError if the input is computed while the network runs.
 */
export function requireConstant(
  { node, facts }: VjpContext,
  index: number,
  what: string,
): readonly number[] {
  const given = facts[index];
  if (!given || given.constant) return constantNumbers(node, facts, index) ?? [];
  throw new UnsupportedGradientError(
    node,
    `${what} (input ${index}) is not a constant`,
    "export the model with fixed shapes, or choose a layer before it",
  );
}

/** As `requireConstant`, without a copy of what may be long: a number for each channel. */
export function requireConstantVector(
  context: VjpContext,
  index: number,
  what: string,
): ArrayLike<number> {
  const constant = context.facts[index]?.constant;
  return constant?.type === "float32" ? constant.data : requireConstant(context, index, what);
}
