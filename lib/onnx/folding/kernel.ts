import { ModelError } from "../errors.ts";
import type { ValueFacts } from "../facts.ts";
import type { Node } from "../model.ts";
import { describeNode } from "../node.ts";
import {
  type BoolTensor,
  type ElementType,
  filled,
  type FloatTensor,
  type Int32Tensor,
  type Int64Tensor,
  sizeOf,
  type Tensor,
} from "../tensor.ts";

/** A tensor whose elements we hold. */
export type NumericTensor = FloatTensor | Int64Tensor | Int32Tensor | BoolTensor;

export interface KernelCall {
  readonly node: Node;
  /** `null` where an optional input is left out. */
  readonly inputs: readonly (NumericTensor | null)[];
  /** Types and shapes the operator's shape function found. */
  readonly outputs: readonly ValueFacts[];
}

/** Computes an operator on constants; outputs it leaves out are not folded. */
export type Kernel = (call: KernelCall) => readonly NumericTensor[];

export function requireNumeric(node: Node, tensor: Tensor): NumericTensor {
  if (tensor.type === "opaque") {
    throw new ModelError(`${describeNode(node)}: cannot compute on ONNX type ${tensor.onnxType}`);
  }
  return tensor;
}

/** Input `index` of a kernel whose shape function has already made sure of it. */
export function operand({ node, inputs }: KernelCall, index: number): NumericTensor {
  const tensor = inputs[index];
  if (!tensor) throw new ModelError(`${describeNode(node)}: input ${index} is missing`);
  return tensor;
}

/** What a kernel writes through: any of our typed arrays, by element type. */
export interface Elements<E> {
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
  const size = sizeOf(shape);
  if (areAll(sources, "float32")) {
    const data = new Float32Array(size);
    write(sources.map(dataOf), data);
    return { type: "float32", shape, data };
  }
  if (areAll(sources, "int64")) {
    const data = new BigInt64Array(size);
    write(sources.map(dataOf), data);
    return { type: "int64", shape, data };
  }
  if (areAll(sources, "int32")) {
    const data = new Int32Array(size);
    write(sources.map(dataOf), data);
    return { type: "int32", shape, data };
  }
  if (areAll(sources, "bool")) {
    const data = new Uint8Array(size);
    write(sources.map(dataOf), data);
    return { type: "bool", shape, data };
  }
  const types = sources.map(({ type }) => type).join(" and ");
  throw new ModelError(`inputs of one operator have types ${types}`);
}

function areAll<T extends NumericTensor["type"]>(
  tensors: readonly NumericTensor[],
  type: T,
): tensors is readonly Extract<NumericTensor, { type: T }>[] {
  return tensors.every((tensor) => tensor.type === type);
}

function dataOf<D>({ data }: { readonly data: D }): D {
  return data;
}

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
  if (type === "bool")
    return { type, shape, data: Uint8Array.from(numbers, (x) => (x === 0 ? 0 : 1)) };
  if (type === "int64") {
    return { type, shape, data: BigInt64Array.from(numbers, (x) => BigInt(Math.trunc(x))) };
  }
  throw new Error("internal: a constant is computed as an opaque type");
}

/** The same elements under another shape; the buffer is shared. */
export function view(tensor: NumericTensor, shape: readonly number[]): NumericTensor {
  return { ...tensor, shape };
}

/** Distance in elements between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = filled(shape.length, 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}
