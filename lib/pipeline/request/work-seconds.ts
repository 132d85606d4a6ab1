import type { Size } from "../../image/raster.ts";
import { planLevels } from "../../optvis/ascent/plan-levels.ts";
import {
  imageShapeOf,
  type NetworkModel,
  type TargetLayer,
} from "../../optvis/graph/layer-pass.ts";
import { passFlops } from "../../optvis/graph/pass-flops.ts";
import { MAX_CHANNEL_SECONDS, MAX_STEP_SECONDS } from "../limits.ts";
import { type DeepDreamWork, type FourierWork, NETWORK_PIXEL_SECONDS, sumPixels } from "./work.ts";

/** What one image takes, in seconds of one thread of a CPU. */
export interface WorkSeconds {
  /** The longest iteration. */
  readonly step: number;
  /** All of them, and the quality card. */
  readonly channel: number;
}

export type Drawing = Omit<DeepDreamWork, "channelCount"> | Omit<FourierWork, "channelCount">;

/**
 * Floating-point operations a second, as `passFlops` counts them, of one thread of an AMD EPYC: by
 * the CPU seconds of whole images of GoogLeNet 80e9 to 110e9, START_SECONDS taken off (9 s for a
 * class in the preset `natural`, 1.3 s and 2.0 s for inception 3b and 5b in `channels`). The lowest:
 * an estimate that is too short has a job refused or ended that could have been done.
 */
const FLOPS_PER_SECOND = 80e9;

/** What an iteration takes for each pixel of the image besides the pass: norms, the update. */
const PIXEL_SECONDS = 5e-8;

/** Forward passes of the quality card, each half a pass. */
const CARD_PASSES = 5;

/** Session, graph and a PNG of a small image. */
const START_SECONDS = 0.5;

/**
 * How long an image will take, from pixels, iterations and the layer's operations.
 *
 * @throws ModelError, ImageTooSmallError: as the rendering would
 */
export function workSeconds(
  network: NetworkModel,
  layer: TargetLayer,
  drawing: Drawing,
): WorkSeconds {
  const passSeconds = (size: Size) =>
    passFlops(network.model, layer, imageShapeOf(network.model, 1, size)) / FLOPS_PER_SECOND;
  const steps = stepSeconds(network, layer, drawing, passSeconds);
  const seen = drawing.method === "fourier" ? drawing.cropSize : network.inputSize;
  const total = drawing.numIterations * steps.reduce((sum, step) => sum + step, 0);
  const step = Math.max(...steps);
  return { step, channel: START_SECONDS + total + CARD_PASSES * passSeconds(seen) };
}

/** One iteration of each level. */
function stepSeconds(
  network: NetworkModel,
  layer: TargetLayer,
  drawing: Drawing,
  passSeconds: (size: Size) => number,
): readonly number[] {
  if (drawing.method === "fourier") {
    return [passSeconds(drawing.cropSize) + sumPixels(drawing) * NETWORK_PIXEL_SECONDS];
  }
  const { imageSize: size, pyramidLevels, pyramidScale } = drawing;
  const levels = planLevels(network, layer, { size, pyramidLevels, pyramidScale });
  return levels.map((level) => {
    const passes = level.crops === null ? 1 : level.crops.origins.length;
    const pixels = level.size.width * level.size.height;
    return passes * passSeconds(level.crops ?? level.size) + pixels * PIXEL_SECONDS;
  });
}

/** What of it is more than a worker can do; none if it may be done. */
export function secondsProblems({ step, channel }: WorkSeconds, drawing: Drawing): string[] {
  const remedy =
    drawing.method === "fourier"
      ? "use a smaller cropSize or canvasSize"
      : "use fewer pyramidLevels or a smaller pyramidScale";
  if (step > MAX_STEP_SECONDS) {
    return [
      `request: one iteration takes about ${show(step)} of one core; wanted at most ${show(MAX_STEP_SECONDS)}; ${remedy}`,
    ];
  }
  if (channel > MAX_CHANNEL_SECONDS) {
    const { numIterations } = drawing;
    const most = Math.floor((numIterations * MAX_CHANNEL_SECONDS) / channel);
    return [
      `numIterations: ${numIterations} of this size take about ${show(channel)} of one core for each image; wanted at most ${show(MAX_CHANNEL_SECONDS)}; use at most ${most}`,
    ];
  }
  return [];
}

function show(seconds: number): string {
  return seconds < 7_200 ? `${Math.ceil(seconds)} s` : `${(seconds / 3_600).toFixed(1)} h`;
}
