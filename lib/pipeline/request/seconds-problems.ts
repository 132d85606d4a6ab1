import type { Size } from "../../image/raster.ts";
import { isPaintedIn } from "../../optvis/graph/parameterisation/painting.ts";
import { ModelError } from "../../onnx/errors.ts";
import { ImageTooSmallError } from "../../optvis/ascent/plan-levels.ts";
import { MAX_CARD_SECONDS, MAX_CHANNEL_SECONDS, MAX_STEP_SECONDS } from "../limits.ts";
import type { Drawing, WorkSeconds } from "./work-seconds.ts";

/** A smaller drawing, and what a request has to say for it. */
interface Smaller {
  readonly drawing: Drawing;
  readonly remedy: string;
}

/** Sides of smaller images, as shares: few enough to be tried one by one. */
const SHARES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/** Sums over frequencies split well where a side is a multiple of this. */
const CANVAS_STEP_PX = 32;

/**
 * What of a drawing is more than a worker can do, with the number that would do; none if it may be
 * done.
 *
 * @param secondsOf what another drawing takes; it throws ModelError or ImageTooSmallError where
 *   that cannot be
 */
export function secondsProblems(
  drawing: Drawing,
  { step, channel }: WorkSeconds,
  secondsOf: (drawing: Drawing) => WorkSeconds,
): string[] {
  const once = onceSeconds(drawing, secondsOf);
  // what no worker can stop in the middle of
  const isPainted = drawing.method === "fourier" && isPaintedIn(drawing);
  const end = isPainted
    ? "the end of an image, its painting and its quality card,"
    : "the quality card of an image";
  const pieces = [
    { what: "one iteration", seconds: step, most: MAX_STEP_SECONDS },
    { what: end, seconds: once, most: MAX_CARD_SECONDS },
  ];
  const tooLong = pieces.find(({ seconds, most }) => seconds > most);
  if (tooLong !== undefined) {
    const doable = smallerOnes(drawing).find((smaller) => isDoable(smaller.drawing, secondsOf));
    const remedy = doable?.remedy ?? "choose an earlier layer, or a smaller network";
    return [
      `request: ${tooLong.what} takes about ${show(tooLong.seconds)} of one core; wanted at most ${show(tooLong.most)}; ${remedy}`,
    ];
  }
  if (channel > MAX_CHANNEL_SECONDS) {
    const { numIterations } = drawing;
    // by the difference of two: an animation has as many frames of so many iterations as of more
    const twice = secondsOf({ ...drawing, numIterations: 2 * numIterations });
    const each = (twice.channel - channel) / numIterations;
    const most = numIterations - Math.ceil((channel - MAX_CHANNEL_SECONDS) / each);
    return [
      `numIterations: ${numIterations} of this size take about ${show(channel)} of one core for each image; wanted at most ${show(MAX_CHANNEL_SECONDS)}; use at most ${most}`,
    ];
  }
  return [];
}

/** What an image takes besides its iterations. */
function onceSeconds(drawing: Drawing, secondsOf: (drawing: Drawing) => WorkSeconds): number {
  return secondsOf({ ...drawing, numIterations: 0 }).channel;
}

/** Whether a worker can do it piece by piece. */
function isDoable(drawing: Drawing, secondsOf: (drawing: Drawing) => WorkSeconds): boolean {
  try {
    const isStepShort = secondsOf(drawing).step <= MAX_STEP_SECONDS;
    return isStepShort && onceSeconds(drawing, secondsOf) <= MAX_CARD_SECONDS;
  } catch (error) {
    // no size for this network or layer
    if (error instanceof ModelError || error instanceof ImageTooSmallError) return false;
    throw error;
  }
}

/** First the drawing that takes least away. */
function smallerOnes(drawing: Drawing): readonly Smaller[] {
  const together = countDown(drawing.together).map((fewer) => ({
    drawing: { ...drawing, together: fewer },
    remedy: fewer === 1 ? "leave diversity out" : `use a diversity of at most ${fewer}`,
  }));
  if (drawing.method === "deepdream") {
    const levels = countDown(drawing.pyramidLevels).map((pyramidLevels) => ({
      drawing: { ...drawing, pyramidLevels },
      remedy: `use at most ${pyramidLevels} pyramidLevels, or a smaller pyramidScale`,
    }));
    const images = SHARES.map((share) => {
      const imageSize = scaled(drawing.imageSize, share);
      return {
        drawing: { ...drawing, imageSize, pyramidLevels: 1 },
        remedy: `use an initialImage of at most ${sides(imageSize)} pixels, and 1 of pyramidLevels`,
      };
    });
    return [...together, ...levels, ...images];
  }
  // the most that there can be: which ones are kept depends on both sizes
  const highestFrequency = 0.5;
  const crops = SHARES.map((share) => {
    const cropSize = scaled(drawing.cropSize, share);
    const remedy = `use a cropSize of at most [${cropSize.height}, ${cropSize.width}]`;
    return { drawing: { ...drawing, highestFrequency, cropSize }, remedy };
  });
  const canvases = [1, ...SHARES].map((share) => {
    const canvasSize = scaled(drawing.canvasSize, share, CANVAS_STEP_PX);
    const remedy = `use a canvasSize of [${canvasSize.height}, ${canvasSize.width}]`;
    return { drawing: { ...drawing, highestFrequency, canvasSize }, remedy };
  });
  return [...together, ...crops, ...canvases];
}

/** `from - 1` down to 1. */
function countDown(from: number): readonly number[] {
  return Array.from({ length: from - 1 }, (_, i) => from - 1 - i);
}

/** @param multiple that sides are rounded down to */
function scaled({ width, height }: Size, share: number, multiple = 1): Size {
  const side = (length: number) =>
    Math.max(multiple, multiple * Math.floor((length * share) / multiple));
  return { width: side(width), height: side(height) };
}

const sides = ({ width, height }: Size) => `${width}x${height}`;

function show(seconds: number): string {
  return seconds < 7_200 ? `${Math.ceil(seconds)} s` : `${(seconds / 3_600).toFixed(1)} h`;
}
