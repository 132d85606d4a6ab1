import { valuesRead } from "../../onnx/graph-order.ts";
import type { LAYER_ROLES } from "../../networks/description.ts";
import { extentsOf, type Layer } from "../../networks/layers.ts";
import type { Graph, Value } from "../../onnx/model.ts";

/**
 * What a layer's channels stand for, as far as it matters for drawing them:
 *
 * - `whole`: something in the whole image, such as a class; a channel is one number
 * - `first`: what one convolution sees of the image, edges and colours
 * - `middle`: a pattern that may be anywhere in the image
 */
export type LayerRole = (typeof LAYER_ROLES)[number];

/** Operators that mix channels with trained weights. */
const MIXES_CHANNELS: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/** The role of each layer of a graph, which is gone through once. */
export function layerRoles(graph: Graph): (layer: Layer) => LayerRole {
  let mixings: ReadonlyMap<Value, number> | null = null;
  return (layer) => {
    if (extentsOf(layer)?.every((length) => length === 1)) return "whole";
    mixings ??= mixingsBefore(graph);
    return (mixings.get(layer.value) ?? 0) <= 1 ? "first" : "middle";
  };
}

/** Whether a layer mixes channels with trained weights: such a layer has learned something. */
export function mixesChannels({ type, learnableCount }: Layer): boolean {
  return MIXES_CHANNELS.has(type) && learnableCount > 0;
}

/** How many operators mix channels on the way from the image to each value; on the longest way. */
function mixingsBefore({ nodes }: Graph): ReadonlyMap<Value, number> {
  const mixings = new Map<Value, number>();
  for (const node of nodes) {
    const before = valuesRead(node).map((value) => mixings.get(value) ?? 0);
    const count = Math.max(0, ...before) + (MIXES_CHANNELS.has(node.op) ? 1 : 0);
    for (const output of node.outputs) mixings.set(output, count);
  }
  return mixings;
}
