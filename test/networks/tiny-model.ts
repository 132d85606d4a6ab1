import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";

/**
 * An `.onnx` file with one 3x3 convolution of two channels and a ReLU.
 *
 * @param shape of its input `picture`; `null` leaves an axis open
 */
export function tinyModel(shape: readonly (number | null)[] = [1, 3, null, null]): Uint8Array {
  const weight = floatTensor(
    [2, 3, 3, 3],
    Array.from({ length: 54 }, (_, i) => (i % 5) - 2),
  );
  return encodeModel({
    name: "tiny",
    inputs: [{ name: "picture", type: "float32", shape }],
    outputs: [{ name: "maps", type: "float32", shape: null }],
    nodes: [node("Conv", ["picture", "weight"], "sums"), node("Relu", ["sums"], "maps")],
    initializers: new Map([["weight", weight]]),
  });
}

function node(op: string, inputs: readonly string[], output: string): Node {
  return { op, name: "", domain: "", inputs, outputs: [output], attributes: {} };
}
