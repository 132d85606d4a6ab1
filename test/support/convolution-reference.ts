import { type FloatTensor, floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";

/** How a two-dimensional window goes over an image. */
export interface Spatial {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Before the rows and columns, after them. */
  readonly pads: readonly [number, number, number, number];
}

/** The same window and stride along both axes. */
export const square = (kernel: number, stride: number, pads: Spatial["pads"]): Spatial => ({
  kernel: [kernel, kernel],
  strides: [stride, stride],
  pads,
});

/** Calls with the flat indices of every product of a convolution: of its output, input, weight. */
function products(
  [n = 0, ci = 0, h = 0, w = 0]: readonly number[],
  [co = 0]: readonly number[],
  { kernel: [kh, kw], strides: [sh, sw], pads: [top, left, bottom, right] }: Spatial,
  visit: (output: number, input: number, weight: number) => void,
): readonly number[] {
  const oh = Math.floor((h + top + bottom - kh) / sh) + 1;
  const ow = Math.floor((w + left + right - kw) / sw) + 1;
  for (const [b, o, i] of indices([n, co, ci])) {
    for (const [p, q, u, v] of indices([oh, ow, kh, kw])) {
      const [row, column] = [sh * p! - top + u!, sw * q! - left + v!];
      if (row < 0 || row >= h || column < 0 || column >= w) continue;
      visit(
        ((b! * co + o!) * oh + p!) * ow + q!,
        ((b! * ci + i!) * h + row) * w + column,
        ((o! * ci + i!) * kh + u!) * kw + v!,
      );
    }
  }
  return [n, co, oh, ow];
}

function* indices(lengths: readonly number[]): Generator<readonly number[]> {
  for (let flat = 0; flat < sizeOf(lengths); flat++) {
    let rest = flat;
    const index = lengths.map(() => 0);
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      index[axis] = rest % lengths[axis]!;
      rest = Math.floor(rest / lengths[axis]!);
    }
    yield index;
  }
}

/** Y of a convolution by its definition, loops in float64. */
export function convolve(x: FloatTensor, weight: FloatTensor, conv: Spatial): FloatTensor {
  const sums: number[] = [];
  const shape = products(x.shape, weight.shape, conv, (output, input, w) => {
    sums[output] = (sums[output] ?? 0) + x.data[input]! * weight.data[w]!;
  });
  // a window that lies in the padding alone has no product
  return floatTensor(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => sums[i] ?? 0),
  );
}

/** dX of a convolution by its definition, loops in float64. */
export function convolutionGradient(
  dY: FloatTensor,
  weight: FloatTensor,
  conv: Spatial,
  shape: readonly number[],
): Float64Array {
  const sums = new Float64Array(sizeOf(shape));
  products(shape, weight.shape, conv, (output, input, w) => {
    sums[input]! += dY.data[output]! * weight.data[w]!;
  });
  return sums;
}

/** Of their difference to the expected one's norm. */
export function distance({ data }: FloatTensor, expected: Float64Array): number {
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm([...data].map((value, i) => value - expected[i]!)) / norm([...expected]);
}
