import type { Size } from "../../image/raster.ts";
import { pyramidSizes } from "../../optvis/ascent/pyramid-sizes.ts";
import { MAX_ASCENT_STEPS, MAX_IMAGE_SIDE_PX, MAX_PIXEL_ITERATIONS } from "../limits.ts";

/** How much a request asks for. */
export interface Work {
  readonly channelCount: number;
  /** Per level. */
  readonly numIterations: number;
  /** Of level 1. */
  readonly imageSize: Size;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
}

/** What of the work is over the limits; none if it may be done. */
export function workProblems(work: Work): string[] {
  const { channelCount, numIterations, imageSize, pyramidLevels, pyramidScale } = work;
  const sizes = pyramidSizes(imageSize, pyramidLevels, pyramidScale);
  const largest = sizes.at(-1)!;
  if (Math.max(largest.width, largest.height) > MAX_IMAGE_SIDE_PX) {
    return [
      `pyramidLevels: ${pyramidLevels} levels of scale ${pyramidScale} from ${imageSize.width}x${imageSize.height} end at ${largest.width}x${largest.height} pixels; wanted at most ${MAX_IMAGE_SIDE_PX} a side; use fewer levels or a smaller scale`,
    ];
  }
  const problem = (factor: string, total: number, unit: string, most: number) =>
    `request: ${channelCount} channels x ${numIterations} iterations x ${factor} are ${total.toExponential(1)} ${unit}; wanted at most ${most.toExponential(0)}; split the channels into several requests or use fewer iterations`;
  const pixels = sizes.reduce((sum, { width, height }) => sum + width * height, 0);
  const pixelIterations = channelCount * numIterations * pixels;
  if (pixelIterations > MAX_PIXEL_ITERATIONS) {
    const factor = `the pixels of ${pyramidLevels} levels`;
    return [problem(factor, pixelIterations, "pixel iterations", MAX_PIXEL_ITERATIONS)];
  }
  const steps = channelCount * numIterations * pyramidLevels;
  if (steps <= MAX_ASCENT_STEPS) return [];
  return [problem(`${pyramidLevels} levels`, steps, "steps", MAX_ASCENT_STEPS)];
}
