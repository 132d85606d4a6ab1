import { floatTensor, type FloatTensor, sizeOf } from "../../lib/onnx/tensor.ts";

/**
 * Uniform in [0, 1), the same sequence for the same seed: mulberry32 (T. Ettinger, public domain).
 */
export function uniformSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Uniform elements between `low` and `high`. */
export function uniform(
  shape: readonly number[],
  seed: number,
  [low, high]: readonly [number, number] = [0, 1],
): FloatTensor {
  const next = uniformSource(seed);
  const data = Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next());
  return floatTensor(shape, data);
}

/** Standard normal elements, by the Box-Muller transform. */
export function normal(shape: readonly number[], seed: number): FloatTensor {
  const next = uniformSource(seed);
  const sample = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return floatTensor(shape, Array.from({ length: sizeOf(shape) }, sample));
}

/**
 * `tensor` with every element moved by `gap` away from `kink`, for operators with a corner there.
 */
export function awayFrom(kink: number, tensor: FloatTensor, gap = 0.2): FloatTensor {
  const move = (value: number) => value + (value < kink ? -gap : gap);
  return floatTensor(tensor.shape, tensor.data.map(move));
}

/** Multiples of `gap` around 0 in random order: no two elements are closer than `gap`. */
export function distinct(shape: readonly number[], seed: number, gap = 0.25): FloatTensor {
  const next = uniformSource(seed);
  const size = sizeOf(shape);
  const order = Array.from({ length: size }, (_, i) => ({ i, key: next() }));
  const middle = Math.floor(size / 2);
  const ranks = order.toSorted((a, b) => a.key - b.key).map(({ i }) => (i - middle) * gap);
  return floatTensor(shape, ranks);
}
