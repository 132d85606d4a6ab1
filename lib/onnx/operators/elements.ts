import { ModelError } from "../errors.ts";
import { type ElementType, filled, type NumericTensor, sizeOf, toInt64 } from "../tensor.ts";

/** What folding writes through: any of our typed arrays, by element type. */
interface Elements<E> {
  readonly length: number;
  [index: number]: E;
}

/**
 * A new tensor of the sources' common type. `write` fills it from the sources' elements without
 * knowing whether they are numbers or bigints.
 */
export function fromElements(
  sources: readonly NumericTensor[],
  shape: readonly number[],
  write: <E extends number | bigint>(from: readonly ArrayLike<E>[], to: Elements<E>) => void,
): NumericTensor {
  const types = sources.map(({ type }) => type);
  const [type = "float32"] = types;
  if (types.some((other) => other !== type)) {
    throw new ModelError(`inputs of one operator have types ${types.join(" and ")}`);
  }
  const data = new ARRAYS[type](sizeOf(shape));
  // all arrays are of one kind, as just checked: if not of numbers, then of bigints
  write(sources.map((source) => source.data) as ArrayLike<number>[], data as Elements<number>);
  return { type, shape, data } as NumericTensor;
}

/** Those that hold a tensor's elements. */
export const ARRAYS = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/**
 * A tensor of `type` from numbers: towards zero for integers, true for anything but 0.
 *
 * @throws RangeError for a number that no int64 can hold (NaN, infinity).
 */
export function fromNumbers(
  type: ElementType,
  shape: readonly number[],
  numbers: readonly number[],
): NumericTensor {
  if (type === "float32") return { type, shape, data: Float32Array.from(numbers) };
  if (type === "int32") return { type, shape, data: Int32Array.from(numbers, Math.trunc) };
  if (type === "int64") {
    return { type, shape, data: BigInt64Array.from(numbers, toInt64) };
  }
  if (type === "bool") {
    return { type, shape, data: Uint8Array.from(numbers, (x) => (x === 0 ? 0 : 1)) };
  }
  throw new Error("internal: a constant is computed as an opaque type");
}

/** The same elements under another shape; the buffer is shared. */
export function view(tensor: NumericTensor, shape: readonly number[]): NumericTensor {
  return { ...tensor, shape };
}

/** The elements at the given indices along each axis of the tensor's shape. */
export function pick(
  tensor: NumericTensor,
  indices: readonly (readonly number[])[],
): NumericTensor {
  const strides = stridesOf(tensor.shape);
  return pickOffsets(
    tensor,
    indices.map((axis, i) => axis.map((index) => index * strides[i]!)),
  );
}

/** Elements by the offset of each, `offsets[axis][i]` being what index i along that axis adds. */
export function pickOffsets(
  tensor: NumericTensor,
  offsets: readonly (readonly number[])[],
): NumericTensor {
  const shape = offsets.map((axis) => axis.length);
  return fromElements([tensor], shape, ([from], to) => {
    // a scalar is a row of one
    const rows = offsets.length > 0 ? offsets : [[0]];
    let next = 0;
    const visit = (axis: number, base: number): void => {
      const isInnermost = axis === rows.length - 1;
      for (const offset of rows[axis]!) {
        if (isInnermost) to[next++] = from![base + offset]!;
        else visit(axis + 1, base + offset);
      }
    };
    visit(0, 0);
  });
}

/** 0, 1, ..., count - 1. */
export const countTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The tensor repeated along its axes of length 1 until it has `shape`. */
export function broadcastTo(tensor: NumericTensor, shape: readonly number[]): NumericTensor {
  if (tensor.shape.join() === shape.join()) return tensor;
  const padded = [...filled(shape.length - tensor.shape.length, 1), ...tensor.shape];
  const indices = shape.map((length, axis) =>
    padded[axis] === 1 ? filled(length, 0) : countTo(length),
  );
  return pick(view(tensor, padded), indices);
}

/** Distance in elements between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = filled(shape.length, 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}
