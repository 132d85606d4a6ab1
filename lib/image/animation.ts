import { ImageError } from "./errors.ts";
import type { AnimationFormat } from "./formats.ts";
import { loadSharp } from "./load-sharp.ts";
import type { Raster, Size } from "./raster.ts";

/** Frames of an animation at most, the finished image among them. */
export const MOST_FRAMES = 30;
/** Of an animation's frames, px: what is looked at while it moves needs no more. */
const LONGEST_SIDE = 512;
/** Of 100: noise, which every ascent begins with, would take most of a file's bytes. */
const WEBP_QUALITY = 80;
/** Of 0..6 and 1..10: the next ones take several times as long for a tenth of the bytes. */
const EFFORT = { webp: 2, gif: 2 } as const;

/** The size that an image's animation has: its own, or smaller with the same sides' ratio. */
export function animatedSize({ width, height }: Size): Size {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const scaled = (length: number) => Math.max(1, Math.round(scale * length));
  return { width: scaled(width), height: scaled(height) };
}

/**
 * An animation that goes round for ever. Equal frames in a row may become one that is shown longer.
 *
 * @param frames all of one size, at least one
 * @param delaysMs how long each is shown
 * @throws ImageError if sizes differ
 */
export async function encodeAnimation(
  frames: readonly Raster[],
  delaysMs: readonly number[],
  format: AnimationFormat,
): Promise<Uint8Array> {
  const { width = 0, height = 0 } = frames[0] ?? {};
  const odd = frames.find((frame) => frame.width !== width || frame.height !== height);
  if (odd !== undefined || frames.length === 0) {
    throw new ImageError(
      `an animation of ${frames.length} frames, ${odd?.width}x${odd?.height} among those of ${width}x${height}; want at least one, and all of one size`,
    );
  }
  const bytes = width * height * 3;
  const all = new Uint8Array(frames.length * bytes);
  frames.forEach(({ data }, i) => all.set(data, i * bytes));
  const raw = { width, height: frames.length * height, channels: 3, pageHeight: height } as const;
  const sharp = await loadSharp();
  const image = sharp(all, { raw, limitInputPixels: false });
  const shown = { delay: [...delaysMs], loop: 0 };
  const encoded =
    format === "gif"
      ? image.gif({ ...shown, effort: EFFORT.gif })
      : image.webp({ ...shown, effort: EFFORT.webp, quality: WEBP_QUALITY });
  const { buffer, byteOffset, byteLength } = await encoded.toBuffer();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
