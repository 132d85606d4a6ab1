import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";

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
