import type { FloatTensor } from "./tensor.ts";

/**
 * Tensors made from weights, such as a reversed kernel. Each is made once, however many graphs hold
 * it, and forgotten with the weight that it was made from.
 */
export class DerivedTensors {
  readonly #known = new WeakMap<FloatTensor, Map<string, FloatTensor>>();

  /** @param name what `make` makes of the weight: all that the result depends on besides. */
  of(weight: FloatTensor, name: string, make: () => FloatTensor): FloatTensor {
    const byName = this.#known.get(weight) ?? new Map<string, FloatTensor>();
    const derived = byName.get(name) ?? make();
    this.#known.set(weight, byName.set(name, derived));
    return derived;
  }
}
