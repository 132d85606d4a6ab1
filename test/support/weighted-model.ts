import type { ModelProto, TensorProto } from "onnx-buf";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { floatTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";

/** All of them exact in half precision. */
export const weights = [1.5, -2, 0.25, 65504, 0, -0.5];
/** Relu, then the addition of a weight `w`. */
export const weightedGraph = sketch({
  inputs: { x: [1, 3, 4, 5] },
  nodes: [node("Relu", "x", "a"), node("Add", "a w", "y")],
  outputs: ["y"],
  initializers: { w: floatTensor([1, 3, 1, 2], weights) },
});

/** The model with its weight `w` changed as the file's own structure allows. */
export function withWeight(change: (w: TensorProto, model: ModelProto) => void): Uint8Array {
  return writeModel(weightedGraph, 18, (model) => {
    change(model.graph!.initializer[0]!, model);
  });
}

export function decodedWeight(bytes: Uint8Array): Tensor {
  return decodeModel(bytes).graph.initializers.get("w")!;
}

export function rawBytes(array: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}
