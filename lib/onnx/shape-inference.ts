import { UnknownOperatorError } from "./errors.ts";
import type { Node } from "./model.ts";
import { describeNode } from "./node.ts";
import type { ElementType, Tensor } from "./tensor.ts";

/** What is known of a value before anything runs. */
export interface ValueFacts {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Its value, where it depends on constants alone. */
  readonly constant?: Tensor;
}

/**
 * Type and shape of each output of `node`, and its value where all inputs are constants.
 *
 * @throws UnknownOperatorError for an operator without a shape function; ShapeMismatchError if the
 *   inputs do not fit together.
 */
export function inferNode(
  node: Node,
  _inputs: readonly (ValueFacts | null)[],
): readonly ValueFacts[] {
  throw new UnknownOperatorError(`${describeNode(node)}: no shape function`);
}
