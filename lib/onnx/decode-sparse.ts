import type { SparseTensorProto } from "onnx-buf";

import { MAX_RANK, requireWithin } from "./budgets.ts";
import { decodeTensor } from "./decode-tensor.ts";
import { ModelError } from "./errors.ts";
import type { CountedData } from "./external-data.ts";
import { stridesOf } from "./operators/elements.ts";
import { floatTensor, sizeOf, type Tensor, toNumbers } from "./tensor.ts";

/**
 * A tensor of which the file has the elements that are not zero, with all of them.
 *
 * Source: ONNX IR specification, "SparseTensorProto": places are linear, [count], or by axis,
 * [count, rank].
 *
 * @param name How messages call the tensor.
 * @throws ModelError if the elements are no floats, or their places do not fit; BudgetError
 */
export function decodeSparseTensor(
  { dims, values, indices }: SparseTensorProto,
  name: string,
  external: CountedData,
): Tensor {
  const where = `sparse tensor '${name}'`;
  const shape = dims.map(Number);
  requireWithin(where, shape.length, "axes", MAX_RANK);
  if (shape.some((length) => !(length >= 0)) || !values || !indices) {
    throw new ModelError(`${where} of shape [${shape.join(", ")}] is incomplete; export it again`);
  }
  const size = sizeOf(shape);
  external.make(size, name);
  const given = decodeTensor(values, name, external);
  const places = decodeTensor(indices, `places of ${name}`, external);
  if (given.type !== "float32" || places.type !== "int64") {
    throw new ModelError(`${where}: want floats at int64 places; store it as a dense tensor`);
  }
  const count = given.data.length;
  const isLinear = places.shape.join() === `${count}`;
  if (!isLinear && places.shape.join() !== [count, shape.length].join()) {
    throw new ModelError(
      `${where} has ${count} elements at places of shape [${places.shape.join(", ")}]; export it again`,
    );
  }
  const [lengths, strides] = isLinear ? [[size], [1]] : [shape, stridesOf(shape)];
  const dense = new Float32Array(size);
  const numbers = toNumbers(places);
  given.data.forEach((value, i) => {
    const place = lengths.reduce((offset, length, axis) => {
      const index = numbers[i * lengths.length + axis]!;
      if (index >= 0 && index < length) return offset + index * strides[axis]!;
      throw new ModelError(`${where}: place ${index} is outside of ${length}`);
    }, 0);
    dense[place] = value;
  });
  return floatTensor(shape, dense);
}
