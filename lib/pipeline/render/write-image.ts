import { encodeNpy } from "../../image/npy.ts";
import { planesShape } from "../../image/raster.ts";
import type { Job } from "../job/job.ts";
import type { ChannelResult, Delivered } from "../job/result.ts";
import type { FailedChannel } from "../../optvis/ascent/task.ts";
import type { ExaminedTile } from "./render-tiles.ts";

/**
 * Writes a channel's tile, then its result: a result never names a tile that is not there. Neither
 * is ever overwritten. If another worker's tile is there already (a late duplicate, whose bytes may
 * differ on a GPU), the result describes that tile.
 */
export async function writeImage(
  job: Job,
  tile: ExaminedTile | FailedChannel,
  delivered: Delivered & { readonly notices: readonly string[] },
): Promise<ChannelResult> {
  const { request } = await job.plan();
  const { channel } = tile;
  if (tile.kind === "failed") {
    const { reason } = tile;
    return job.end(channel, { state: "failed", source: "renderer", reason }, delivered);
  }
  const { image, picture, svg, animation, png, quality } = tile;
  const { seconds, provider, seed, restarts, redrawn } = tile;
  const raw =
    request.outputScaling === "none"
      ? await job.images.writeRawTile(channel, encodeNpy(planesShape(image), image.data))
      : null;
  const animated =
    animation && (await job.images.writeAnimation(channel, animation.bytes, animation.format));
  const shapes = svg === undefined ? null : await job.images.writeSvg(channel, svg);
  const stored = await job.images.writeTile(channel, png);
  const { notices } = delivered;
  return job.end(
    channel,
    {
      state: "ok",
      tile: { ...stored, width: picture.width, height: picture.height },
      raw,
      ...(shapes && { svg: shapes }),
      ...(animated && { animation: { ...animated, seconds: animation.seconds } }),
      activation: tile.activation,
      trace: [...tile.trace],
      seconds,
      provider,
      seed,
      restarts,
      quality: { ...quality, marks: [...quality.marks], redrawn },
      ...(notices.length > 0 && { notices: [...notices] }),
    },
    delivered,
  );
}
