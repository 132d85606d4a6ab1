import { createHash } from "node:crypto";

import { encodeNpy } from "../../image/npy.ts";
import { encodePng } from "../../image/png.ts";
import type { Planes, Raster } from "../../image/raster.ts";
import { rescaleLinear } from "../../image/rescale.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { NPY_TYPE, PNG_TYPE } from "../json.ts";
import { rawTileKey, tileKey } from "../keys.ts";
import type { JobPlan } from "../job/plan.ts";
import type { RenderedImage } from "./renderer.ts";
import { type ChannelResult, type OkResult, resultBase, writeResult } from "../job/result.ts";

const MID_GREY = 128;

/** One delivery of a channel's message. */
export interface Attempt {
  readonly attempts: number;
  readonly now: Date;
}

/**
 * Writes a channel's tile, then its result: a result never names a tile that is not there. Neither
 * is ever overwritten. If another worker's tile is there already (a late duplicate, whose bytes may
 * differ on a GPU), the result describes that tile.
 */
export async function writeImage(
  store: ObjectStore,
  plan: JobPlan,
  rendered: RenderedImage,
  attempt: Attempt,
): Promise<ChannelResult> {
  const { jobId } = plan;
  const { channel, image, trace, seconds, provider, seed, restarts } = rendered;
  const base = resultBase(jobId, channel, attempt);
  const reason = unfitness(rendered);
  if (reason !== null) {
    const failed: ChannelResult = { ...base, state: "failed", source: "renderer", reason };
    await writeResult(store, failed);
    return failed;
  }
  const isRaw = plan.request.outputScaling === "none";
  const raw = isRaw
    ? await putOnce(store, rawTileKey(jobId, channel), encodeRaw(image), NPY_TYPE)
    : null;
  const raster = isRaw ? displayed(image, zeroLevel(plan)) : rescaleLinear(image);
  const tile = await putOnce(store, tileKey(jobId, channel), await encodePng(raster), PNG_TYPE);
  const { width, height } = raster;
  const result: OkResult = {
    ...base,
    state: "ok",
    tile: { ...tile, width, height },
    raw,
    activation: trace.at(-1)!.activation,
    trace: trace.map(({ level, iteration, activation }) => ({ level, iteration, activation })),
    seconds,
    provider,
    seed,
    restarts,
  };
  await writeResult(store, result);
  return result;
}

/** Key and SHA-256 of the object as it is in the store, whoever wrote it. */
async function putOnce(
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
  contentType: string,
): Promise<{ key: string; sha256: string }> {
  const outcome = await store.putIfAbsent(key, bytes, contentType);
  const stored = outcome === "created" ? bytes : await store.get(key);
  return { key, sha256: createHash("sha256").update(stored).digest("hex") };
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
