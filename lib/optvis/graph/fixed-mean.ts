import { channelAxes } from "../../onnx/channel-axis.ts";
import type { Value } from "../../onnx/model.ts";
import { atOwnSize, type NetworkModel, type TargetLayer } from "./layer-pass.ts";
import { PlaceMeans } from "./place-means.ts";

/**
 * The operator whose output has the same mean over the places of each channel whatever the image,
 * so that no image raises it: a standardisation over places, be it one node or written out.
 *
 * @param layer `shape`: of its output, where it is known
 * @returns `null` where there is none, as far as the arithmetic before it tells
 */
export function fixesMean(
  network: NetworkModel,
  layer: TargetLayer & { readonly shape: readonly number[] | null },
) {
  const { value, channelAxis = 1, batchAxis = 0, shape } = layer;
  const node = network.model.graph.nodes.find(({ outputs }) => outputs[0] === value);
  if (node === undefined || shape === null || shape.length < 3 || batchAxis > 0) return null;
  const means = new PlaceMeans(atOwnSize(network), { rank: shape.length, channelAxis });
  return means.isFixed(value) ? node : null;
}

/** Whether `fixesMean` holds of any of these values, each with its own places and channels. */
export function fixesAnyMean(values: readonly Value[], network: NetworkModel): boolean {
  const graph = atOwnSize(network);
  const axes = channelAxes(graph);
  return values.some((value) => {
    const rank = graph.facts.get(value)?.shape.length ?? 0;
    if (rank < 3 || graph.unbatched.has(value)) return false;
    return new PlaceMeans(graph, { rank, channelAxis: axes.get(value) ?? 1 }).isFixed(value);
  });
}
