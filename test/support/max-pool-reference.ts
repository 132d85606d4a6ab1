import { floatTensor, type FloatTensor, sizeOf } from "../../lib/onnx/tensor.ts";

export interface PoolGeometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Pixels before the first along each axis; what lies outside never wins. */
  readonly padBegins: readonly number[];
}

/**
 * dX of a max pool by its definition, loops only: each window gives dY to its first maximum in
 * row-major order.
 *
 * x: [N, C, ...]; dY: [N, C, ...], whose shape says how many windows there are.
 */
export function maxPoolGradient(
  x: FloatTensor,
  dY: FloatTensor,
  { kernel, strides, dilations, padBegins }: PoolGeometry,
): FloatTensor {
  const [lengths, counts] = [x.shape.slice(2), dY.shape.slice(2)];
  const [plane, windows] = [sizeOf(lengths), sizeOf(counts)];
  const dX = new Float32Array(x.data.length);
  for (let channel = 0; channel < sizeOf(x.shape.slice(0, 2)); channel++) {
    placesOf(counts).forEach((window, i) => {
      let best = -1;
      for (const tap of placesOf(kernel)) {
        const place = tap.map(
          (t, d) => window[d]! * strides[d]! + t * dilations[d]! - padBegins[d]!,
        );
        if (place.some((p, d) => p < 0 || p >= lengths[d]!)) continue;
        const index = channel * plane + place.reduce((flat, p, d) => flat * lengths[d]! + p, 0);
        if (best < 0 || x.data[index]! > x.data[best]!) best = index;
      }
      dX[best] = dX[best]! + dY.data[channel * windows + i]!;
    });
  }
  return floatTensor(x.shape, dX);
}

/** Every index of an array of this shape, row-major. */
function placesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (places, length) => places.flatMap((p) => Array.from({ length }, (_, i) => [...p, i])),
    [[]],
  );
}
