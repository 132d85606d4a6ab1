import { toNumbers } from "../onnx/tensor.ts";
import { UnsupportedGradientError } from "./errors.ts";
import type { VjpContext } from "./rule.ts";

/**
 * Numbers of a constant input, row-major; none where the optional input is left out.
 *
 * @throws UnsupportedGradientError if the input is computed while the network runs.
 */
export function constantNumbers(
  { node, facts }: VjpContext,
  index: number,
  what: string,
): readonly number[] {
  const given = facts[index];
  if (!given) return [];
  if (given.constant) return toNumbers(given.constant);
  throw new UnsupportedGradientError(
    node,
    `${what} (input ${index}) is not a constant`,
    "export the model with fixed shapes, or choose a layer before it",
  );
}

/** @throws UnsupportedGradientError if one of these inputs depends on the image. */
export function refuseActive(
  { node, isActive }: VjpContext,
  indices: readonly number[],
  what: string,
): void {
  if (!indices.some(isActive)) return;
  throw new UnsupportedGradientError(
    node,
    `${what} depends on the image`,
    "choose a layer before it",
  );
}
