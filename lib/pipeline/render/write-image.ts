import { encodeNpy } from "../../image/npy.ts";
import { encodePng } from "../../image/png.ts";
import type { Planes } from "../../image/raster.ts";
import type { Job } from "../job/job.ts";
import type { ChannelResult, Delivered } from "../job/result.ts";
import type { RenderedImage } from "./renderer.ts";
import { tileRaster, unfitness } from "./tile.ts";

/**
 * Writes a channel's tile, then its result: a result never names a tile that is not there. Neither
 * is ever overwritten. If another worker's tile is there already (a late duplicate, whose bytes may
 * differ on a GPU), the result describes that tile.
 */
export async function writeImage(
  job: Job,
  rendered: RenderedImage,
  delivered: Delivered,
): Promise<ChannelResult> {
  const { channel, image, trace, seconds, provider, seed, restarts } = rendered;
  const reason = unfitness(rendered);
  if (reason !== null) {
    return job.end(channel, { state: "failed", source: "renderer", reason }, delivered);
  }
  const plan = await job.plan();
  const isRaw = plan.request.outputScaling === "none";
  const raw = isRaw ? await job.tiles.writeRaw(channel, encodeRaw(image)) : null;
  const raster = tileRaster(image, {
    outputScaling: plan.request.outputScaling,
    isCentred: plan.initialImage === null,
  });
  const tile = await job.tiles.write(channel, await encodePng(raster));
  const { width, height } = raster;
  return job.end(
    channel,
    {
      state: "ok",
      tile: { ...tile, width, height },
      raw,
      activation: trace.at(-1)!.activation,
      trace: trace.map(({ level, iteration, activation }) => ({ level, iteration, activation })),
      seconds,
      provider,
      seed,
      restarts,
    },
    delivered,
  );
}

function encodeRaw({ width, height, data }: Planes): Uint8Array {
  return encodeNpy([3, height, width], data);
}
