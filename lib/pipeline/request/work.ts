import { animatedSize } from "../../image/animation.ts";
import type { Size } from "../../image/raster.ts";
import {
  drawnSize,
  isPaintedIn,
  type PaintedIn,
} from "../../optvis/graph/parameterisation/painting.ts";
import { splitAxis } from "../../optvis/graph/parameterisation/spectrum-layout.ts";
import { iteratedCanvas } from "../../optvis/ascent/affine-draws.ts";
import { pyramidSizes } from "../../optvis/ascent/pyramid-sizes.ts";
import { MAX_ASCENT_STEPS, MAX_IMAGE_SIDE_PX, MAX_PIXEL_ITERATIONS } from "../limits.ts";
import { FLOPS_PER_SECOND, PIXEL_SECONDS } from "../rates.ts";

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

export interface FourierWork extends AnyWork, PaintedIn {
  readonly method: "fourier";
  readonly canvasSize: Size;
  readonly cropSize: Size;
  /** Of the canvas that is kept, in cycles a pixel: up to 0.5. */
  readonly highestFrequency: number;
}

/** What the work on the canvas depends on. */
type CanvasWork = Pick<FourierWork, "canvasSize" | "cropSize" | "highestFrequency"> & PaintedIn;

/** A pixel's way through GoogLeNet and back (bench/README.md: 96 ms of one core for 224 x 224). */
const NETWORK_PIXEL_SECONDS = 0.096 / 224 ** 2;

/**
 * Floating-point operations of a product of a Fourier sum, for each pixel of the canvas: of complex
 * numbers and added up 8, for half of the vertical frequencies, in three colours, there and back.
 */
const FLOPS_PER_PRODUCT = 24;

/**
 * What an ellipse takes for each pixel that an iteration draws, there and back, where two threads
 * share a core: 160 of them on 112 x 112 pixels take 21 ms, of a thread alone 18 ms. And the way
 * there alone.
 */
const ELLIPSE_SECONDS = { bothWays: 1.04e-8, there: 4e-9 };
/** The same of a hidden layer of a CPPN: 8 of them take 20 ms, of a thread alone 17 ms. */
const CPPN_LAYER_SECONDS = { bothWays: 2e-7, there: 5.5e-8 };
/** The share of the way there in that of a Fourier sum, whose two ways are alike. */
const THERE_SHARE = 0.5;

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
  const pixels = pixelsOf(cropSize) + canvasSeconds(work) / NETWORK_PIXEL_SECONDS;
  const text = `the pixels of a crop of ${show(cropSize)} and a share of a canvas of ${show(canvasSize)}`;
  return totalProblems(work, { count: pixels, text }, { count: 1, text: "1 step" });
}

/**
 * What an iteration takes on the canvas, in seconds of a core: the Fourier sums, or the painting,
 * and the update.
 *
 * Each of the sums' four steps (`frequency-sums.ts`) has for each pixel as many products as the
 * factor of the axis that it runs over, times the share that is kept of what is still frequencies.
 */
export function canvasSeconds(work: CanvasWork): number {
  const { canvasSize: canvas, highestFrequency } = work;
  if (isPaintedIn(work)) {
    const seen = pixelsOf(iteratedCanvas(canvas, work.cropSize));
    return seen * PIXEL_SECONDS + paintedSeconds("bothWays", drawnSize(canvas), work);
  }
  const kept = Math.min(1, 2 * highestFrequency);
  const [across, down] = [splitAxis(canvas.width), splitAxis(canvas.height)];
  const products = kept ** 2 * across.members + kept * (across.groups + down.members) + down.groups;
  const pixelSeconds = PIXEL_SECONDS + (products * FLOPS_PER_PRODUCT) / FLOPS_PER_SECOND;
  return pixelsOf(canvas) * pixelSeconds;
}

/** What the image that is kept takes, in seconds of a core, if it is painted: at full size once. */
export function paintingSeconds(work: Pick<FourierWork, "canvasSize"> & PaintedIn): number {
  return paintedSeconds("there", work.canvasSize, work);
}

/** What a frame's image takes, in seconds of a core: waves at full size, a painting at its own. */
export function frameMakingSeconds(work: CanvasWork): number {
  const canvasSize = animatedSize(work.canvasSize);
  if (isPaintedIn(work)) return paintingSeconds({ ...work, canvasSize });
  return THERE_SHARE * canvasSeconds(work);
}

function paintedSeconds(
  way: "bothWays" | "there",
  size: Size,
  { ellipses = 0, cppnLayers = 0 }: PaintedIn,
): number {
  const pixel = ellipses * ELLIPSE_SECONDS[way] + cppnLayers * CPPN_LAYER_SECONDS[way];
  return pixelsOf(size) * pixel;
}

/** What an iteration has so many of, and how messages call it. */
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

export const pixelsOf = ({ width, height }: Size) => width * height;
const show = ({ width, height }: Size) => `${width}x${height}`;
