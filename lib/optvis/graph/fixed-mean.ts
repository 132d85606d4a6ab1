import type { Model, Node } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import type { TargetLayer } from "./layer-pass.ts";

/**
 * The operator that gives each channel the same mean over its places whatever the image is, so that
 * no image raises it: places are standardised together (InstanceNormalization), or are shares of a
 * whole, as a token's attention to the others (Softmax).
 *
 * @param layer `rank`: axes of its output, where they are known
 * @returns `null` where there is none, as far as the layer's own operator tells
 */
export function fixesMean({ graph }: Model, layer: TargetLayer & { readonly rank?: number }) {
  const { value, channelAxis = 1, batchAxis = 0, rank } = layer;
  const node = graph.nodes.find(({ outputs }) => outputs[0] === value);
  if (node === undefined || node.domain !== "" || batchAxis > 0) return null;
  if (node.op === "InstanceNormalization") return channelAxis === 1 ? node : null;
  return node.op === "Softmax" && isAlongPlaces(node, channelAxis, rank) ? node : null;
}

function isAlongPlaces(node: Node, channelAxis: number, rank: number | undefined): boolean {
  const axis = intAttribute(node, "axis", -1);
  const along = axis < 0 ? axis + (rank ?? 0) : axis;
  return along > 0 && along !== channelAxis;
}
