import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
} from "onnx-buf";
import { expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { DataType } from "../../lib/onnx/element-type.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";

const SHAPE = [5, 3];

interface Sketch {
  readonly places: readonly number[];
  /** Of the places. */
  readonly shape: readonly number[];
  readonly dims?: readonly number[];
  readonly type?: number;
}

function sparse({ places, shape, dims = SHAPE, type = DataType.float }: Sketch): SparseTensorProto {
  const values = { name: "weight", dims: [3n], dataType: type, floatData: [0.5, -2, 7] };
  const indices = {
    dims: shape.map(BigInt),
    dataType: DataType.int64,
    int64Data: places.map(BigInt),
  };
  return create(SparseTensorProtoSchema, { values, indices, dims: dims.map(BigInt) });
}

const LINEAR = { places: [1, 6, 14], shape: [3] };
const BY_AXIS = { places: [0, 1, 2, 0, 4, 2], shape: [3, 2] };

function modelWith(tensor: SparseTensorProto, where: "initializer" | "constant"): Uint8Array {
  const isConstant = where === "constant";
  const graph = sketch({
    inputs: { image: [1, 3, 4, 5] },
    nodes: [
      ...(isConstant ? [node("Constant", "", "weight")] : []),
      node("Reshape", "weight shape", "kernel"),
      node("Conv", "image kernel", "y"),
    ],
    outputs: ["y"],
    initializers: { shape: intsTensor([5, 3, 1, 1]) },
  });
  return writeModel(graph, 18, (model) => {
    const type = AttributeProto_AttributeType.SPARSE_TENSOR;
    const value = { name: "sparse_value", type, sparseTensor: tensor };
    if (isConstant) model.graph!.node[0]!.attribute.push(create(AttributeProtoSchema, value));
    else model.graph!.sparseInitializer.push(tensor);
  });
}

test.each([
  ["linear", LINEAR],
  ["by axis", BY_AXIS],
])("a sparse weight, its places %s, is read with its zeros", async (_, given) => {
  const image = floatTensor(
    [1, 3, 4, 5],
    Float32Array.from({ length: 60 }, (__, i) => Math.sin(i)),
  );
  for (const where of ["initializer", "constant"] as const) {
    const original = modelWith(sparse(given), where);
    const computed = await runModel(encodeModel(decodeModel(original).graph), { image });
    expect(computed).toEqual(await runModel(original, { image }));
  }
});

test.each([
  [{ ...LINEAR, places: [1, 6, 15] }, /sparse tensor 'weight': place 15 is outside of 15/],
  [{ ...BY_AXIS, places: [0, 1, 2, 0, 4, -1] }, /place -1 is outside of 3/],
  [{ places: [1, 6], shape: [2] }, /has 3 elements at places of shape \[2\]; export it again/],
  [{ ...LINEAR, dims: [2 ** 14, 2 ** 14] }, /268435456 elements up to it, and at most/],
  [{ ...LINEAR, type: DataType.int64 }, /'weight'/],
])("%j is refused", (given, message) => {
  expect(() => decodeModel(modelWith(sparse(given), "initializer"))).toThrow(message);
});
