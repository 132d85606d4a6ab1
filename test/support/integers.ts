import type { Node } from "../../lib/onnx/model.ts";
import {
  floatTensor,
  type FloatTensor,
  type Int64Tensor,
  type Tensor,
} from "../../lib/onnx/tensor.ts";

/** Integers of up to 16 bits, as `writeModel` writes them. */
export function integers(
  stored: number,
  shape: readonly number[],
  numbers: Iterable<number>,
): FloatTensor {
  return { ...floatTensor(shape, numbers), stored };
}

/** A scalar. */
export function int(value: number): Int64Tensor {
  return { type: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) };
}

export function int32(shape: readonly number[], numbers: readonly number[]): Tensor {
  return { type: "int32", shape, data: Int32Array.from(numbers) };
}

/** A node of ONNX Runtime's own operators. */
export const microsoft = (given: Node): Node => ({ ...given, domain: "com.microsoft" });
