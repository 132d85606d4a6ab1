import { encodeNpy } from "../../image/npy.ts";
import { encodePng } from "../../image/png.ts";
import type { Planes, Raster } from "../../image/raster.ts";
import { rescaleLinear } from "../../image/rescale.ts";
import type { Job } from "../job/job.ts";
import type { JobPlan } from "../job/plan.ts";
import type { ChannelResult, Delivered } from "../job/result.ts";
import type { RenderedImage } from "./renderer.ts";

const MID_GREY = 128;

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
  const raster = isRaw ? displayed(image, zeroLevel(plan)) : rescaleLinear(image);
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

/** Why the image cannot be a tile, or `null`: never let a NaN through, whoever made it. */
function unfitness({ image, trace }: RenderedImage): string | null {
  if (trace.length === 0) return "the ascent left no trace";
  const bad = trace.find(({ activation }) => !Number.isFinite(activation));
  if (bad !== undefined) {
    return `the activation is ${bad.activation} at iteration ${bad.iteration} of level ${bad.level}`;
  }
  const index = image.data.findIndex((value) => !Number.isFinite(value));
  return index === -1 ? null : `value ${index} of the image is ${image.data[index]}`;
}

function encodeRaw({ width, height, data }: Planes): Uint8Array {
  return encodeNpy([3, height, width], data);
}

/** What zero looks like: an ascent from noise is centred on it, one from an image has pixels. */
function zeroLevel({ initialImage }: JobPlan): number {
  return initialImage === null ? MID_GREY : 0;
}

/** Raw values as a picture, cut to 0..255. */
function displayed({ width, height, data }: Planes, offset: number): Raster {
  const pixels = width * height;
  const bytes = new Uint8ClampedArray(3 * pixels);
  for (let plane = 0; plane < 3; plane++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      bytes[pixel * 3 + plane] = data[plane * pixels + pixel]! + offset;
    }
  }
  return { width, height, data: new Uint8Array(bytes.buffer) };
}
