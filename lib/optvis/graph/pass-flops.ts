import type { ValueFacts } from "../../onnx/facts.ts";
import type { Model, Node, Value } from "../../onnx/model.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { ImageShape, TargetLayer } from "./layer-pass.ts";

/**
 * What other operators than sums of products take for each element of their output, in floating-point
 * operations of a convolution: they wait for memory. Measured on GoogLeNet (bench/README.md).
 */
const FLOPS_PER_ELEMENT = 60;

/** The way back to the image computes as much again as the way forward: no weight has a gradient. */
const WAYS = 2;

/**
 * Floating-point operations of a pass from image to layer and back.
 *
 * @throws as `layerPass`
 */
export function passFlops(model: Model, layer: TargetLayer, imageShape: ImageShape): number {
  const graph = specialise(model, imageShape);
  const forward = cutAt(graph, layer.value).reduce(
    (sum, node) => sum + nodeFlops(node, (value) => graph.facts.get(value)),
    0,
  );
  return WAYS * forward;
}

type FactsOf = (value: Value) => ValueFacts | undefined;

/** A product and a sum for each weight that an element of the output is made with. */
function nodeFlops({ op, inputs, outputs }: Node, factsOf: FactsOf): number {
  const shapeOf = (value: Value | undefined) => (value && factsOf(value)?.shape) || [];
  const elements = sizeOf(shapeOf(outputs[0]));
  const weights = shapeOf(inputs[1]);
  switch (op) {
    case "Conv":
      // [C_out, C_in / groups, ...kernel]
      return 2 * elements * sizeOf(weights.slice(1));
    case "ConvTranspose":
      // [C_in, C_out / groups, ...kernel]: what each element of the input is spread over
      return 2 * sizeOf(shapeOf(inputs[0])) * sizeOf(weights.slice(1));
    case "Gemm":
    case "MatMul":
      return 2 * elements * (shapeOf(inputs[0]).at(-1) ?? 1);
    default:
      return FLOPS_PER_ELEMENT * elements;
  }
}
