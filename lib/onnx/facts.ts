import type { Value } from "./model.ts";
import type { ElementType, Tensor } from "./tensor.ts";

/** What is known of a value before anything runs. */
export interface ValueFacts {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Its value, where it depends on constants alone. */
  readonly constant?: Tensor;
}

/** Of a graph's values, as far as anything is known. */
export type Facts = ReadonlyMap<Value, ValueFacts>;

/** Of a constant: everything is known. */
export function constantFacts(constant: Tensor): ValueFacts {
  return { type: constant.type, shape: constant.shape, constant };
}
