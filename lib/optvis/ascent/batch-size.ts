import { imageShapeOf, shapeMismatch } from "../graph/layer-pass.ts";
import type { Size } from "../../image/raster.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { AscentTask } from "./task.ts";

/**
 * How many of `count` images pass a stage in one run: as many as the provider gains from, in whole
 * groups of those that are to differ; but one group, or image, where the file's shapes hold one
 * image only, as where the batch is squeezed out on the way.
 *
 * @param size of what the network sees
 */
export function batchSize(
  { provider, network, layer, diversity }: AscentTask,
  size: Size,
  count: number,
): number {
  const group = diversity?.images ?? 1;
  const groups = Math.floor(Math.min(PROFILES[provider].largestBatch, count) / group);
  if (groups <= 1) return group;
  const batch = groups * group;
  // a mismatch of another cause comes again with the first image
  return shapeMismatch(network.model, layer, imageShapeOf(network.model, batch, size)) === null
    ? batch
    : group;
}
