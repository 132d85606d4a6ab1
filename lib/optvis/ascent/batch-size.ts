import { imageShapeOf, shapeMismatch } from "../graph/layer-pass.ts";
import type { Size } from "../../image/raster.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { AscentTask } from "./task.ts";

/** Images of one run, and why it is fewer than there could be. */
export interface Batch {
  readonly batch: number;
  /** A sentence for those who wonder at the time it takes; `null`: it is as many as can be. */
  readonly notice: string | null;
}

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
): Batch {
  const group = diversity?.images ?? 1;
  const groups = Math.floor(Math.min(PROFILES[provider].largestBatch, count) / group);
  if (groups <= 1) return { batch: group, notice: null };
  const batch = groups * group;
  // a mismatch of another cause comes again with the first image
  const mismatch = shapeMismatch(network.model, layer, imageShapeOf(network.model, batch, size));
  if (mismatch === null) return { batch, notice: null };
  const few = group === 1 ? "one image" : `${group} images`;
  return {
    batch: group,
    notice: `the network takes ${few} at a time, not ${batch}: ${mismatch.message}`,
  };
}
