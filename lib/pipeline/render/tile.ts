import { encodePng } from "../../image/png.ts";
import { pictureOf, type PlaneKind } from "../../image/picture.ts";
import type { Planes, Raster } from "../../image/raster.ts";
import { type ByteOf, clippedScale, linearScale, MID_LEVEL } from "../../image/rescale.ts";
import type { FailedChannel } from "../../optvis/ascent/task.ts";
import { type CompleteRequest, isCentred } from "../request/complete-request.ts";
import type { RenderedChannel, RenderedImage } from "./renderer.ts";

/** A rendered image that can be shown. */
export interface Tile extends Omit<RenderedImage, "kind"> {
  readonly kind: "tile";
  /** Activation strength of the last iteration. */
  readonly activation: number;
  /** What people see. */
  readonly picture: Raster;
  /** The scale that the picture is shown by. */
  readonly byteOf: ByteOf;
  /** The picture as a file. */
  readonly png: Uint8Array;
}

/** A channel's tile, or why there is none: a NaN is never let through, whoever made it. */
export async function makeTile(
  rendered: RenderedChannel,
  request: CompleteRequest,
  kind: PlaneKind,
): Promise<Tile | FailedChannel> {
  if (rendered.kind === "failed") return rendered;
  const reason = unfitness(rendered);
  if (reason !== null) return { kind: "failed", channel: rendered.channel, reason };
  const { activation } = rendered.trace.at(-1)!;
  const byteOf = scaleOf(rendered.image, request);
  const picture = pictureOf(rendered.image, kind, byteOf);
  return { ...rendered, kind: "tile", activation, picture, byteOf, png: await encodePng(picture) };
}

/** How a rendered image is shown as a tile: rescaled, or the raw values cut to 0..255. */
function scaleOf(image: Planes, request: CompleteRequest): ByteOf {
  if (request.outputScaling === "clipped") return clippedScale(image);
  if (request.outputScaling === "linear") return linearScale(image);
  const zeroLevel = isCentred(request) ? MID_LEVEL : 0;
  return (value) => value + zeroLevel;
}

/** Why the image cannot be a tile, or `null`. */
function unfitness({ image, trace }: RenderedImage): string | null {
  if (trace.length === 0) return "the ascent left no trace";
  const bad = trace.find(({ activation }) => !Number.isFinite(activation));
  if (bad !== undefined) {
    return `the activation is ${bad.activation} at iteration ${bad.iteration} of level ${bad.level}`;
  }
  const index = image.data.findIndex((value) => !Number.isFinite(value));
  return index === -1 ? null : `value ${index} of the image is ${image.data[index]}`;
}
