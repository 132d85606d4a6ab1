import { shapeMismatch } from "../graph/layer-pass.ts";
import type { Size } from "../../image/raster.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { AscentTask } from "./task.ts";

/**
 * How many of `count` images pass a stage in one run: as many as the provider gains from, but one
 * where the file's shapes hold one image only, as where a class token of one image meets the
 * patches.
 *
 * @param size of what the network sees
 */
export function batchSize(
  { provider, network, layer }: AscentTask,
  { height, width }: Size,
  count: number,
): number {
  const batch = Math.min(PROFILES[provider].largestBatch, count);
  if (batch <= 1) return 1;
  // a mismatch of another cause comes again with the first image
  return shapeMismatch(network.model, layer, [batch, 3, height, width]) === null ? batch : 1;
}
