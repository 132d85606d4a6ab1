import type { Size } from "../../image/raster.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { imageShapeOf, shapeMismatch } from "../graph/layer-pass.ts";
import { numbersHeld } from "../graph/parameterisation/painting.ts";
import { FLOAT_BYTES, passBytes } from "../graph/pass-memory.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { AscentTask } from "./task.ts";

/** Images of one run, and why it is fewer than there could be. */
export interface Batch {
  readonly batch: number;
  /** A sentence for those who wonder at the time it takes; `null`: it is as many as can be. */
  readonly notice: string | null;
}

/** Sizes of an image in pixels. */
export interface BatchSizes {
  /** Of what the network sees. */
  readonly seen: Size;
  /** Of the whole image. */
  readonly canvas: Size;
}

/**
 * Of the card's free memory. ONNX Runtime's arena there grows by doubling, so that up to half of it
 * may lie idle; weights, cuDNN's workspaces and other sessions come on top of a batch, whose own
 * estimate is half as much again as it takes.
 */
const CARD_SHARE = 0.5;

/**
 * Whole images beside the pass: what is changed, its gradient and moments, and what lies between.
 * On the CPU a process took 10 more for `deepdream`, and 12 for `fourier`, as its images grew from
 * 640 to 2,048 pixels.
 */
const CANVASES = 10;

/**
 * How many of `count` images pass a stage in one run: as many as the provider gains from and as fit
 * the card, in whole groups of those that are to differ; but one group, or image, where the file's
 * shapes hold one image only, as where the batch is squeezed out on the way.
 *
 * @throws as `layerPass`
 */
export function batchSize(task: AscentTask, sizes: BatchSizes, count: number): Batch {
  const { provider, network, layer, diversity } = task;
  const group = diversity?.images ?? 1;
  const wanted = Math.floor(Math.min(PROFILES[provider].largestBatch, count) / group);
  if (wanted <= 1) return { batch: group, notice: null };
  const { fitting, notice } = fittingGroups(task, sizes, group);
  const groups = Math.min(wanted, fitting);
  const batch = groups * group;
  const held = { batch, notice: groups < wanted ? notice : null };
  if (groups === 1) return held;
  // a mismatch of another cause comes again with the first image
  const shape = imageShapeOf(network.model, batch, sizes.seen);
  const mismatch = shapeMismatch(network.model, layer, shape);
  if (mismatch === null) return held;
  return {
    batch: group,
    notice: `the network takes ${imagesOf(group)} at a time, not ${batch}: ${mismatch.message}`,
  };
}

/**
 * How many groups at once the card has memory for: a power of two, because an image's bytes depend
 * on the batch, and are not to change with every window that is open on the card's screen.
 */
function fittingGroups(
  task: AscentTask,
  { seen, canvas }: BatchSizes,
  group: number,
): { readonly fitting: number; readonly notice: string | null } {
  const { network, layer, freeBytes = null } = task;
  if (freeBytes === null) return { fitting: Infinity, notice: null };
  const { model } = network;
  const paintedIn = task.method === "fourier" ? task.recipe : {};
  const imageShape = imageShapeOf(model, group, seen);
  const canvasBytes = FLOAT_BYTES * sizeOf(imageShapeOf(model, group, canvas));
  const groupBytes =
    passBytes({ model, layer, imageShape }) +
    CANVASES * canvasBytes +
    FLOAT_BYTES * group * numbersHeld(canvas, paintedIn);
  const most = Math.max(1, (CARD_SHARE * freeBytes) / groupBytes);
  const fitting = 2 ** Math.floor(Math.log2(most));
  const gigabytes = (freeBytes / 1e9).toFixed(1);
  const notice = `the graphics card has ${gigabytes} GB free, enough for ${imagesOf(fitting * group)} at a time`;
  return { fitting, notice };
}

/** "one image", "8 images" */
export function imagesOf(count: number): string {
  return count === 1 ? "one image" : `${count} images`;
}
