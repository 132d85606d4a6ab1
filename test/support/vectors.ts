import { type FloatTensor, floatTensor, type Tensor } from "../../lib/onnx/tensor.ts";

/** x + step u */
export function addScaled(x: FloatTensor, u: FloatTensor, step: number): FloatTensor {
  return floatTensor(
    x.shape,
    x.data.map((value, i) => value + step * u.data[i]!),
  );
}

/** Sum of the products of their elements. */
export function dot(a: FloatTensor, b: FloatTensor): number {
  return a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0);
}

/**
 * Between the elements of two tensors; NaN if an element is none.
 *
 * @throws Error unless both are floats of one shape
 */
export function largestDifference(a: Tensor | undefined, b: Tensor | undefined): number {
  if (a?.type !== "float32" || b?.type !== "float32") throw new Error("no floats");
  const [of, against] = [a.shape, b.shape].map((shape) => shape.join(" x "));
  if (of !== against) throw new Error(`a tensor of ${of} against one of ${against}`);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}
