import { shapeMismatch } from "../graph/layer-pass.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { LevelPlan } from "./plan-levels.ts";
import type { AscentTask } from "./task.ts";

/**
 * How many of `count` images pass a level in one run: as many as the provider gains from, but one
 * where the file's shapes hold one image only, as where a class token of one image meets the
 * patches.
 */
export function batchSize(
  { provider, network, layer }: AscentTask,
  { size, crops }: LevelPlan,
  count: number,
): number {
  const batch = Math.min(PROFILES[provider].largestBatch, count);
  if (batch <= 1) return 1;
  const { height, width } = crops ?? size;
  // a mismatch of another cause comes again with the first image
  return shapeMismatch(network.model, layer, [batch, 3, height, width]) === null ? batch : 1;
}
