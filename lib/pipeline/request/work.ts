import type { Size } from "../../image/raster.ts";
import { pyramidSizes } from "../../optvis/ascent/pyramid-sizes.ts";
import { MAX_ASCENT_STEPS, MAX_IMAGE_SIDE_PX, MAX_PIXEL_ITERATIONS } from "../limits.ts";

interface WorkPyramid {
  /** Of level 1. */
  readonly imageSize: Size;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
}

/** How much a request asks for. */
export interface Work extends WorkPyramid {
  readonly channelCount: number;
  /** Per level. */
  readonly numIterations: number;
}

/** channels x iterations x pixels over all levels. */
export function pixelIterations(work: Work): number {
  const pixels = levelSizes(work).reduce((sum, { width, height }) => sum + width * height, 0);
  return work.channelCount * work.numIterations * pixels;
}

/** Size of every pyramid level, first to last. */
export function levelSizes(work: WorkPyramid): readonly Size[] {
  return pyramidSizes(work.imageSize, work.pyramidLevels, work.pyramidScale);
}

/** What of the work is over the limits; none if it may be done. */
export function workProblems(work: Work): string[] {
  const largest = levelSizes(work).at(-1) ?? work.imageSize;
  if (Math.max(largest.width, largest.height) > MAX_IMAGE_SIDE_PX) {
    return [
      `pyramidLevels: ${work.pyramidLevels} levels of scale ${work.pyramidScale} from ${work.imageSize.width}x${work.imageSize.height} end at ${largest.width}x${largest.height} pixels; wanted at most ${MAX_IMAGE_SIDE_PX} a side; use fewer levels or a smaller scale`,
    ];
  }
  const { channelCount, numIterations, pyramidLevels } = work;
  const problem = (factor: string, total: number, unit: string, most: number) =>
    `request: ${channelCount} channels x ${numIterations} iterations x ${factor} are ${total.toExponential(1)} ${unit}; wanted at most ${most.toExponential(0)}; split the channels into several requests or use fewer iterations`;
  const total = pixelIterations(work);
  if (total > MAX_PIXEL_ITERATIONS) {
    const factor = `the pixels of ${pyramidLevels} levels`;
    return [problem(factor, total, "pixel iterations", MAX_PIXEL_ITERATIONS)];
  }
  const steps = channelCount * numIterations * pyramidLevels;
  if (steps <= MAX_ASCENT_STEPS) return [];
  return [problem(`${pyramidLevels} levels`, steps, "steps", MAX_ASCENT_STEPS)];
}
