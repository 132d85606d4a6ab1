import type { Size } from "../../image/raster.ts";
import { splitAxis } from "../../optvis/graph/parameterisation/spectrum-layout.ts";
import { pyramidSizes } from "../../optvis/ascent/pyramid-sizes.ts";
import { MAX_ASCENT_STEPS, MAX_IMAGE_SIDE_PX, MAX_PIXEL_ITERATIONS } from "../limits.ts";

/** How much a request asks for, as its method counts it. */
export type Work = DeepDreamWork | FourierWork;

interface AnyWork {
  readonly channelCount: number;
  /** Per level, where there are levels. */
  readonly numIterations: number;
}

export interface DeepDreamWork extends AnyWork {
  readonly method: "deepdream";
  /** Of level 1. */
  readonly imageSize: Size;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
}

export interface FourierWork extends AnyWork {
  readonly method: "fourier";
  readonly canvasSize: Size;
  readonly cropSize: Size;
  /** Of the canvas that is kept, in cycles a pixel: up to 0.5. */
  readonly highestFrequency: number;
}

/** A pixel's way through GoogLeNet and back (bench/README.md: 96 ms of one core for 224 x 224). */
export const NETWORK_PIXEL_SECONDS = 0.096 / 224 ** 2;

/**
 * Of a Fourier sum, the products for each pixel of the canvas that take as long as a pixel's way
 * through GoogLeNet and back. Measured (npm run bench:vivid): at 320 px, where all frequencies are
 * kept, the step around the pass takes 10 ms, as 6 % of the canvas's pixels would.
 */
const PRODUCTS_PER_NETWORK_PIXEL = 1_300;

/**
 * The part of a sum that is the same however many frequencies are kept: what is done with each
 * pixel. By it the 500 ms at 2,048 px come out, where a crop shows 31 % of the frequencies.
 */
const PIXELS_SHARE = 0.16;

/** What of the work is over the limits; none if it may be done. */
export function workProblems(work: Work): string[] {
  return work.method === "deepdream" ? pyramidProblems(work) : canvasProblems(work);
}

function pyramidProblems(work: DeepDreamWork): string[] {
  const { imageSize, pyramidLevels, pyramidScale } = work;
  const sizes = pyramidSizes(imageSize, pyramidLevels, pyramidScale);
  const largest = sizes.at(-1)!;
  if (Math.max(largest.width, largest.height) > MAX_IMAGE_SIDE_PX) {
    return [
      `pyramidLevels: ${pyramidLevels} levels of scale ${pyramidScale} from ${imageSize.width}x${imageSize.height} end at ${largest.width}x${largest.height} pixels; wanted at most ${MAX_IMAGE_SIDE_PX} a side; use fewer levels or a smaller scale`,
    ];
  }
  const pixels = sizes.reduce((sum, size) => sum + pixelsOf(size), 0);
  const levels = { count: pyramidLevels, text: `${pyramidLevels} levels` };
  return totalProblems(work, { count: pixels, text: `the pixels of ${levels.text}` }, levels);
}

function canvasProblems(work: FourierWork): string[] {
  const { canvasSize, cropSize } = work;
  if (Math.max(cropSize.width, cropSize.height) > MAX_IMAGE_SIDE_PX) {
    return [
      `cropSize: the network's own size is ${show(cropSize)} pixels; wanted at most ${MAX_IMAGE_SIDE_PX} a side; give a smaller cropSize`,
    ];
  }
  const pixels = pixelsOf(cropSize) + sumPixels(work);
  const text = `the pixels of a crop of ${show(cropSize)} and a share of a canvas of ${show(canvasSize)}`;
  return totalProblems(work, { count: pixels, text }, { count: 1, text: "1 step" });
}

/** A Fourier sum over the canvas, in pixels that go through GoogLeNet. */
export function sumPixels({
  canvasSize: canvas,
  highestFrequency,
}: Pick<FourierWork, "canvasSize" | "highestFrequency">): number {
  const kept = PIXELS_SHARE + (1 - PIXELS_SHARE) * Math.min(1, 2 * highestFrequency);
  const products = [canvas.width, canvas.height]
    .map(splitAxis)
    .reduce((sum, { groups, members }) => sum + groups + members, 0);
  return (kept * pixelsOf(canvas) * products) / PRODUCTS_PER_NETWORK_PIXEL;
}

/** What there is so many times in each iteration. */
interface Factor {
  readonly count: number;
  readonly text: string;
}

function totalProblems({ channelCount, numIterations }: Work, pixels: Factor, steps: Factor) {
  const problem = (factor: Factor, unit: string, most: number) => {
    const total = channelCount * numIterations * factor.count;
    if (total <= most) return [];
    return [
      `request: ${channelCount} channels x ${numIterations} iterations x ${factor.text} are ${total.toExponential(1)} ${unit}; wanted at most ${most.toExponential(0)}; split the channels into several requests or use fewer iterations`,
    ];
  };
  const [tooMany] = problem(pixels, "pixel iterations", MAX_PIXEL_ITERATIONS);
  return tooMany === undefined ? problem(steps, "steps", MAX_ASCENT_STEPS) : [tooMany];
}

const pixelsOf = ({ width, height }: Size) => width * height;
const show = ({ width, height }: Size) => `${width}x${height}`;
