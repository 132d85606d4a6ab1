/**
 * Tensors as plain data, row-major (C order).
 *
 * Floating-point weights of any width arrive as float32 (see `decode.ts`): the ascent computes in
 * float32 throughout. So do integers of up to 16 bits, which float32 holds exactly: quantised
 * networks have them. `opaque` holds what no gradient can flow through (strings, unsigned 64-bit
 * integers), so that a model with such weights off the path still loads.
 */
export type Tensor = NumericTensor | OpaqueTensor;

/** A tensor whose elements we hold. */
export type NumericTensor = FloatTensor | Int64Tensor | Int32Tensor | BoolTensor;

export type ElementType = Tensor["type"];

export type FloatTensor = Typed<"float32", Float32Array> & {
  /** `TensorProto.DataType` number, where the file has another type: halves, or integers. */
  readonly stored?: number;
};
export type Int64Tensor = Typed<"int64", BigInt64Array>;
export type Int32Tensor = Typed<"int32", Int32Array>;
/** 0 or 1 per element. */
export type BoolTensor = Typed<"bool", Uint8Array>;

interface Typed<T extends string, Data> {
  readonly type: T;
  /** Dimensions, outermost first; images are [N, C, H, W]. */
  readonly shape: readonly number[];
  readonly data: Data;
}

export interface OpaqueTensor {
  readonly type: "opaque";
  readonly shape: readonly number[];
  /** `TensorProto.DataType` number. */
  readonly onnxType: number;
}

/** Items of a list of axes, that of `axis` first. */
export function axisInFront<Axis>(axes: readonly Axis[], axis: number): readonly Axis[] {
  return [axes[axis]!, ...axes.toSpliced(axis, 1)];
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** More numbers than a tensor may have axes are cut short in messages. */
const MOST_SHOWN = 32;

/** "[2, 3, 4, 5]", for messages. */
export function formatShape(shape: readonly number[]): string {
  const rest = shape.length - MOST_SHOWN;
  const shown = shape.slice(0, MOST_SHOWN).join(", ");
  return rest > 0 ? `[${shown}, and ${rest} more]` : `[${shown}]`;
}

/** `count` times `value`. */
export function filled(count: number, value: number): number[] {
  return Array.from({ length: count }, () => value);
}

export function floatTensor(shape: readonly number[], data: Iterable<number>): FloatTensor {
  return {
    type: "float32",
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}

/** Swaps the last two axes. */
export function transpose({ shape, data }: FloatTensor): FloatTensor {
  const [rows = 1, columns = 1] = shape.slice(-2);
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += rows * columns) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        result[start + j * rows + i] = data[start + i * columns + j]!;
      }
    }
  }
  return floatTensor([...shape.slice(0, -2), columns, rows], result);
}

/**
 * A tensor whose elements are made once they are read: a graph may be built only to see whether it
 * can be.
 *
 * @param make as many elements as the shape has
 */
export function lateFloatTensor(shape: readonly number[], make: () => Float32Array): FloatTensor {
  let made: Float32Array | null = null;
  return {
    type: "float32",
    shape,
    get data() {
      return (made ??= make());
    },
  };
}

/** One-dimensional int64 tensor, as ONNX wants axes, shapes and pads. */
export function intsTensor(values: readonly number[]): Int64Tensor {
  return { type: "int64", shape: [values.length], data: BigInt64Array.from(values, toInt64) };
}

/**
 * Towards zero, within int64. Files write its largest number, 2^63 - 1, for "to the end"; as a
 * JavaScript number it is 2^63, which would wrap to a negative one.
 *
 * @throws RangeError for NaN and the infinities.
 */
export function toInt64(value: number): bigint {
  const whole = BigInt(Math.trunc(value));
  if (whole > LARGEST_INT64) return LARGEST_INT64;
  return whole < -LARGEST_INT64 ? -LARGEST_INT64 - 1n : whole;
}

const LARGEST_INT64 = 2n ** 63n - 1n;

/** As ONNX wants a trip count or one index. */
export function intScalar(value: number): Int64Tensor {
  return { ...intsTensor([value]), shape: [] };
}

export function boolScalar(value: boolean): BoolTensor {
  return { type: "bool", shape: [], data: Uint8Array.of(value ? 1 : 0) };
}

/** Elements as JavaScript numbers; exact for what shapes and indices hold. */
export function toNumbers(tensor: Tensor): number[] {
  if (tensor.type === "opaque") {
    throw new TypeError(`internal: an opaque tensor (ONNX type ${tensor.onnxType}) has no numbers`);
  }
  // ten times as fast as Array.from with a function
  if (tensor.type !== "int64") return [...tensor.data];
  const numbers: number[] = [];
  for (const element of tensor.data) numbers.push(Number(element));
  return numbers;
}

/** As `toNumbers`; `null` where there is no tensor, or one that has none. */
export function numbersIn(tensor: Tensor | null | undefined): number[] | null {
  return tensor && tensor.type !== "opaque" ? toNumbers(tensor) : null;
}
