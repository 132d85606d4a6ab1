import { animatedSize, encodeAnimation, MOST_FRAMES } from "../../image/animation.ts";
import type { AnimationFormat } from "../../image/formats.ts";
import { pictureOf, type PlaneKind } from "../../image/picture.ts";
import type { Planes, Size } from "../../image/raster.ts";
import type { ByteOf } from "../../image/rescale.ts";
import { resizePlanes, shrinkPlanes } from "../../image/resize.ts";
import type { AscentFrame, FrameHook } from "../../optvis/ascent/task.ts";

/** 30 frames are three seconds. */
const FRAME_MS = 100;
/** What it has come to is looked at longer. */
const LAST_FRAME_MS = 1_500;

/** An image's ascent as a file. */
export interface Animation {
  readonly format: AnimationFormat;
  readonly bytes: Uint8Array;
  /** Of one run; it goes round. */
  readonly seconds: number;
}

/**
 * Keeps what images looked like on their way, until each has ended. Of an image that is under way
 * it holds at most 30 frames of 512 pixels a side, 94 MB in colour.
 */
export class AscentFrames implements FrameHook {
  readonly count = MOST_FRAMES;
  readonly wantedSize = animatedSize;
  /** By channel and iteration; what begins anew passes the same iterations once more. */
  readonly #taken = new Map<number, Map<number, Planes>>();

  take = async ({ channel, iteration, image }: AscentFrame): Promise<void> => {
    const frames = this.#taken.get(channel) ?? new Map<number, Planes>();
    this.#taken.set(channel, frames.set(iteration, shrinkPlanes(image, animatedSize(image))));
  };

  /** @param channel that has ended without an image */
  forget(channel: number): void {
    this.#taken.delete(channel);
  }

  /**
   * The channel's animation; its frames are then forgotten.
   *
   * @param image what it has come to
   * @param byteOf how that is shown: one scale for all frames, or their brightness would flicker
   */
  async animation(
    channel: number,
    image: Planes,
    {
      byteOf,
      kind,
      format,
    }: { readonly byteOf: ByteOf; readonly kind: PlaneKind; readonly format: AnimationFormat },
  ): Promise<Animation> {
    const size: Size = animatedSize(image);
    const before = [...(this.#taken.get(channel) ?? [])].toSorted(([a], [b]) => a - b);
    this.forget(channel);
    // levels of a pyramid grow, and a file's frames are of one size
    const frames = [...before.map(([, planes]) => planes), shrinkPlanes(image, size)].map(
      (planes) => pictureOf(resizePlanes(planes, size), kind, byteOf),
    );
    const delaysMs = frames.map((_, i) => (i === frames.length - 1 ? LAST_FRAME_MS : FRAME_MS));
    const bytes = await encodeAnimation(frames, delaysMs, format);
    return { format, bytes, seconds: delaysMs.reduce((sum, ms) => sum + ms, 0) / 1000 };
  }
}
