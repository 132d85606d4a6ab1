import type { Node } from "../../../lib/onnx/model.ts";
import { sizeOf } from "../../../lib/onnx/tensor.ts";

/** Numbers in double precision, row-major. */
export interface Tensor64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * An operator of opset 18 in double precision.
 *
 * @param shape of its first output
 */
export type Operator64 = (
  node: Node,
  inputs: readonly Tensor64[],
  shape: readonly number[],
) => Tensor64;

export function zeros(shape: readonly number[]): Tensor64 {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** Elements between neighbours along each axis; 0 along axes of length 1, which repeat. */
function repeatingStrides(shape: readonly number[], rank: number): number[] {
  const padded = [...Array<number>(rank - shape.length).fill(1), ...shape];
  let stride = 1;
  return padded
    .toReversed()
    .map((length) => {
      const own = length === 1 ? 0 : stride;
      stride *= length;
      return own;
    })
    .toReversed();
}

/**
 * For each element of a tensor of this shape, the offset that steps of `strides` along its axes
 * lead to from `start`.
 */
export function offsets(
  shape: readonly number[],
  strides: readonly number[],
  start = 0,
): Int32Array {
  const result = new Int32Array(sizeOf(shape));
  const at = shape.map(() => 0);
  let offset = start;
  for (let i = 0; i < result.length; i++) {
    result[i] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++at[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      at[axis] = 0;
    }
  }
  return result;
}

/** Elements by their offsets. */
export function picked({ data }: Tensor64, shape: readonly number[], from: Int32Array): Tensor64 {
  const result = zeros(shape);
  for (let i = 0; i < from.length; i++) result.data[i] = data[from[i]!]!;
  return result;
}

/** The tensor repeated along its axes of length 1. */
export function broadcastTo(tensor: Tensor64, shape: readonly number[]): Tensor64 {
  if (tensor.shape.join() === shape.join()) return tensor;
  return picked(tensor, shape, offsets(shape, repeatingStrides(tensor.shape, shape.length)));
}

/** As `[outer, length, inner]` around one axis. */
export function around(shape: readonly number[], axis: number) {
  const at = axis < 0 ? axis + shape.length : axis;
  return {
    at,
    outer: sizeOf(shape.slice(0, at)),
    length: shape[at]!,
    inner: sizeOf(shape.slice(at + 1)),
  };
}
