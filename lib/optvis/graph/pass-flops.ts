import type { Model, Node, Value } from "../../onnx/model.ts";
import { firstOutput } from "../../onnx/node.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type ImageShape, type TargetLayer } from "./layer-pass.ts";

/**
 * What other operators than sums of products take for each element of their output, in
 * floating-point operations of a convolution: they wait for memory. Measured on GoogLeNet
 * (bench/README.md).
 */
const FLOPS_PER_ELEMENT = 60;

/**
 * The way back to the image computes as much again as the way forward: no weight has a gradient.
 */
const WAYS = 2;

/**
 * Floating-point operations of a pass from image to layer and back, with what other operators than
 * sums of products cost in them.
 *
 * @throws as `layerPass`
 */
export function passFlops(model: Model, layer: TargetLayer, imageShape: ImageShape): number {
  return sumOver(model, layer, imageShape, (node, shapeOf) => {
    const products = productFlops(node, shapeOf);
    return products ?? FLOPS_PER_ELEMENT * sizeOf(shapeOf(firstOutput(node)));
  });
}

/**
 * Those of the sums of products alone, for one channel of the layer: what any way to compute the
 * pass has to do. Of a convolution whose output is the layer, its one channel is enough.
 */
export function passProductFlops(model: Model, layer: TargetLayer, imageShape: ImageShape): number {
  return sumOver(model, layer, imageShape, (node, shapeOf) => {
    const products = productFlops(node, shapeOf) ?? 0;
    if (node.op !== "Conv" || node.outputs[0] !== layer.value) return products;
    const [, channels = 1] = shapeOf(layer.value);
    return products / channels;
  });
}

type ShapeOf = (value: Value | undefined) => readonly number[];

function sumOver(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
  flopsOf: (node: Node, shapeOf: ShapeOf) => number,
): number {
  const graph = specialise(model, imageShape);
  const shapeOf: ShapeOf = (value) => (value && graph.facts.get(value)?.shape) || [];
  const nodes = cutAt(graph, layer);
  return WAYS * nodes.reduce((sum, node) => sum + flopsOf(node, shapeOf), 0);
}

/** A product and a sum for each weight that an element of the output is made with. */
function productFlops({ op, inputs, outputs }: Node, shapeOf: ShapeOf): number | null {
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
      return null;
  }
}
