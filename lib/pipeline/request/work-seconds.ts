import type { AnimationFormat } from "../../image/formats.ts";
import type { Size } from "../../image/raster.ts";
import { highestFrequency } from "../../optvis/ascent/fourier.ts";
import { planLevels } from "../../optvis/ascent/plan-levels.ts";
import { pyramidSizes } from "../../optvis/ascent/pyramid-sizes.ts";
import {
  imageShapeOf,
  type NetworkModel,
  type TargetLayer,
} from "../../optvis/graph/layer-pass.ts";
import { passFlops, type Raised } from "../../optvis/graph/pass-flops.ts";
import { cropCount } from "../../optvis/graph/transforms/crop-plan.ts";
import { windowsOf } from "../../optvis/quality/windows.ts";
import {
  CROP_ROW_PIXEL_SECONDS,
  CROP_SECONDS,
  FINISH_PIXEL_SECONDS,
  FLOPS_PER_SECOND,
  IMAGE_SECONDS,
  PIXEL_SECONDS,
} from "../rates.ts";
import { asSize, type CompleteRequest } from "./complete-request.ts";
import { isOfOneMap } from "./target-units.ts";
import { animationSeconds } from "./animation-seconds.ts";
import {
  canvasSeconds,
  type DeepDreamWork,
  type FourierWork,
  frameMakingSeconds,
  paintingSeconds,
  pixelsOf,
} from "./work.ts";

/** What one image takes, in seconds of one thread of a CPU that has drawn another of its layer. */
export interface WorkSeconds {
  /** The longest iteration. */
  readonly step: number;
  /** All of them, and what comes after them: painting, quality card, animation and files. */
  readonly channel: number;
}

interface AnyDrawing {
  /** Images that are to differ from each other: whoever draws one of them draws all. */
  readonly together: number;
  /** The file that its ascent is kept as too. @default none */
  readonly animation?: AnimationFormat | undefined;
  /** @default all channels, which take longer */
  readonly raised?: Raised;
}

export type Drawing = AnyDrawing &
  (Omit<DeepDreamWork, "channelCount"> | Omit<FourierWork, "channelCount">);

/** How a request draws. @param imageSize of what `deepdream` begins with */
export function drawingOf(request: CompleteRequest, imageSize: Size): Drawing {
  const { numIterations, animation, targets = [] } = request;
  const common: AnyDrawing & Pick<Drawing, "numIterations"> = {
    numIterations,
    animation,
    together: Math.max(1, ...targets.map(({ diversity = 1 }) => diversity)),
    raised: targets.every(isOfOneMap) ? "one map" : "all channels",
  };
  if (request.method === "deepdream") {
    const { method, pyramidLevels, pyramidScale } = request;
    return { method, ...common, imageSize, pyramidLevels, pyramidScale };
  }
  const { method, cropFraction, ellipses, cppnLayers } = request;
  const sizes = { canvasSize: asSize(request.canvasSize), cropSize: asSize(request.cropSize) };
  const highest = highestFrequency({ ...sizes, cropFraction });
  return { method, ...common, ...sizes, highestFrequency: highest, ellipses, cppnLayers };
}

/** Size of the image that a drawing ends with, or of each of its planes, in pixels. */
export function tileSizeOf(drawing: Drawing): Size {
  if (drawing.method === "fourier") return drawing.canvasSize;
  const { imageSize, pyramidLevels, pyramidScale } = drawing;
  return pyramidSizes(imageSize, pyramidLevels, pyramidScale).at(-1) ?? imageSize;
}

/**
 * The quality card, in passes there and back, of each window in which it looks at the image: its
 * nine forward passes are half of one each.
 */
const CARD_PASSES = 5;

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
  const passSeconds = (size: Size, raised?: Raised) => {
    const imageShape = imageShapeOf(network.model, 1, size);
    return passFlops(network.model, layer, imageShape, raised) / FLOPS_PER_SECOND;
  };
  const { together, numIterations, raised } = drawing;
  const steps = stepSeconds(network, layer, drawing, (size) => passSeconds(size, raised)).map(
    (step) => together * step,
  );
  const seen = drawing.method === "fourier" ? drawing.cropSize : network.inputSize;
  const total = numIterations * steps.reduce((sum, step) => sum + step, 0);
  const tile = tileSizeOf(drawing);
  const { windows } = windowsOf(tile, seen);
  const card = windows.length * CARD_PASSES * passSeconds(seen);
  const painting = drawing.method === "fourier" ? paintingSeconds(drawing) : 0;
  const files = IMAGE_SECONDS + pixelsOf(tile) * FINISH_PIXEL_SECONDS;
  const end = together * (painting + card + ofAnimation(drawing) + files);
  return { step: Math.max(...steps), channel: total + end };
}

function ofAnimation(drawing: Drawing): number {
  const { animation: format, numIterations } = drawing;
  if (format === undefined) return 0;
  const isPyramid = drawing.method === "deepdream";
  return animationSeconds({
    format,
    iterations: isPyramid ? numIterations * drawing.pyramidLevels : numIterations,
    size: tileSizeOf(drawing),
    makingSeconds: isPyramid ? 0 : frameMakingSeconds(drawing),
  });
}

/** One iteration of each level, of one image. */
function stepSeconds(
  network: NetworkModel,
  layer: TargetLayer,
  drawing: Drawing,
  passSeconds: (size: Size) => number,
): readonly number[] {
  if (drawing.method === "fourier") {
    return [passSeconds(drawing.cropSize) + canvasSeconds(drawing)];
  }
  const { imageSize: size, pyramidLevels, pyramidScale } = drawing;
  const levels = planLevels(network, layer, { size, pyramidLevels, pyramidScale });
  return levels.map(({ size: { width, height }, crops }) => {
    const around = width * height * PIXEL_SECONDS;
    if (crops === null) return passSeconds({ width, height }) + around;
    const cropSeconds = CROP_SECONDS + crops.height * width * CROP_ROW_PIXEL_SECONDS;
    return cropCount(crops) * (passSeconds(crops) + cropSeconds) + around;
  });
}
