import type { Facts } from "../../onnx/facts.ts";
import type { Model, Node } from "../../onnx/model.ts";
import { multiplyAdds } from "../../onnx/multiply-adds.ts";
import { firstOutput, intAttribute } from "../../onnx/node.ts";
import { inputsOf } from "../../onnx/operators/inputs.ts";
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
 * A convolution cut down to one map (`selectChannel`) waits for memory, too: it takes as long as so
 * many of its maps take together. Measured on conv1-7x7_s2 and conv2-3x3 of GoogLeNet and emojinet.
 */
const MAPS_FOR_ONE = 16;

/** What of its layer a pass computes: the last convolution alone can be cut down to one map. */
export type Raised = "one map" | "all channels";

/**
 * Floating-point operations of a pass from image to layer and back, with what other operators than
 * sums of products cost in them.
 *
 * @throws as `layerPass`
 */
export function passFlops(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
  raised: Raised = "all channels",
): number {
  return sumOver(model, layer, imageShape, (node, facts) => {
    const products = productFlops(node, facts);
    if (products === null) return FLOPS_PER_ELEMENT * sizeOf(facts.get(firstOutput(node))!.shape);
    if (raised === "all channels" || !isCutDown(node, layer)) return products;
    const [, channels = 1] = facts.get(layer.value)!.shape;
    return products * Math.min(1, MAPS_FOR_ONE / channels);
  });
}

/**
 * Those of the sums of products alone, for one channel of the layer: what any way to compute the
 * pass has to do. Of a convolution whose output is the layer, its one channel is enough.
 */
export function passProductFlops(model: Model, layer: TargetLayer, imageShape: ImageShape): number {
  return sumOver(model, layer, imageShape, (node, facts) => {
    const products = productFlops(node, facts) ?? 0;
    if (!isCutDown(node, layer)) return products;
    const [, channels = 1] = facts.get(layer.value)!.shape;
    return products / channels;
  });
}

/** Whether one map of a layer is all that is computed of its node. */
function isCutDown(node: Node, { value, channelAxis = 1 }: TargetLayer): boolean {
  const isLast = node.outputs[0] === value && channelAxis === 1;
  return isLast && node.op === "Conv" && intAttribute(node, "group", 1) === 1;
}

function sumOver(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
  flopsOf: (node: Node, facts: Facts) => number,
): number {
  const graph = specialise(model, imageShape);
  const nodes = cutAt(graph, layer);
  return WAYS * nodes.reduce((sum, node) => sum + flopsOf(node, graph.facts), 0);
}

/** A product and a sum for each; `null` for other operators than sums of products. */
function productFlops(node: Node, facts: Facts): number | null {
  const products = multiplyAdds(node, inputsOf(node, facts), facts.get(firstOutput(node)));
  return products === null ? null : 2 * products;
}
