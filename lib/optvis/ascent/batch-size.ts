import { ShapeMismatchError } from "../../onnx/errors.ts";
import type { DreamTask } from "./task.ts";
import { layerPass } from "../graph/layer-pass.ts";

/** Images in one run on CUDA, where larger batches use the card better; beyond 32 little is gained. */
export const CUDA_BATCH = 32;

/**
 * How many of `count` images climb a level in one run.
 *
 * One on the CPU, so that an image's bytes do not depend on the others; and one on CUDA where the
 * file's shapes hold one image only, as where a class token of one image meets the patches.
 */
export function batchSize(
  { provider, network, layer, levels }: DreamTask,
  level: number,
  count: number,
): number {
  const batch = Math.min(CUDA_BATCH, count);
  if (provider === "cpu" || batch <= 1) return 1;
  const { size, tiles } = levels[level - 1]!;
  const { height, width } = tiles ?? size;
  try {
    layerPass(network.model, layer, [batch, 3, height, width]);
    return batch;
  } catch (error) {
    // a mismatch of another cause comes again with the first image
    if (error instanceof ShapeMismatchError) return 1;
    throw error;
  }
}
