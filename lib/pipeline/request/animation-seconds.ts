import { animatedSize, MOST_FRAMES } from "../../image/animation.ts";
import type { AnimationFormat } from "../../image/formats.ts";
import type { Size } from "../../image/raster.ts";
import { frameIterations } from "../../optvis/ascent/frame-taker.ts";
import { pixelsOf } from "./work.ts";

/**
 * Of an animation's own size, to keep a frame and to write it: 30 of 512 px take 1 s as WebP and
 * 4.5 s as GIF.
 */
const FRAME_PIXEL_SECONDS: Readonly<Record<AnimationFormat, number>> = {
  webp: 1.2e-7,
  gif: 5.5e-7,
};

/** Of the image, to copy it and make the copy as small as a frame: 2,048 px took 60 to 100 ms. */
const LOOK_PIXEL_SECONDS = 2.5e-8;

export interface AnimatedAscent {
  readonly format: AnimationFormat;
  /** Of all levels. */
  readonly iterations: number;
  /** Of the image that it ends with. */
  readonly size: Size;
  /** To make the image out of what an iteration has come to, so that it can be looked at. */
  readonly makingSeconds: number;
}

/** What an image's animation takes besides its ascent, in seconds of a core. */
export function animationSeconds(ascent: AnimatedAscent): number {
  const { format, iterations, size, makingSeconds } = ascent;
  const { length: looks } = frameIterations(iterations, MOST_FRAMES);
  const lookSeconds = makingSeconds + pixelsOf(size) * LOOK_PIXEL_SECONDS;
  const frameSeconds = pixelsOf(animatedSize(size)) * FRAME_PIXEL_SECONDS[format];
  return looks * lookSeconds + (looks + 1) * frameSeconds;
}
