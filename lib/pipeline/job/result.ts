import { z } from "zod";

import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE, readJson } from "../json.ts";
import { resultKey } from "../keys.ts";

const tile = z.strictObject({
  key: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  width: z.int(),
  height: z.int(),
});

const common = {
  version: z.literal(1),
  jobId: z.string(),
  /** 1-based, as deepDreamImage's. */
  channel: z.int().min(1),
  /** 0-based, as the network's. */
  channelIndex: z.int().min(0),
  /** How often the channel's message had been received. */
  attempts: z.int().min(1),
  finishedAt: z.iso.datetime(),
};

const okResult = z.strictObject({
  ...common,
  state: z.literal("ok"),
  tile,
  /** The renderer's float32 values [3, H, W], R, G, B planes, where output scaling is off. */
  raw: z.strictObject({ key: z.string(), sha256: z.string() }).nullable(),
  /** Activation strength of the last iteration. */
  activation: z.number(),
  trace: z.array(
    z.strictObject({ level: z.int().min(1), iteration: z.int().min(1), activation: z.number() }),
  ),
  seconds: z.number().min(0),
  provider: z.enum(["cpu", "cuda"]),
  seed: z.int(),
  restarts: z.int().min(0),
});

const failedResult = z.strictObject({
  ...common,
  state: z.literal("failed"),
  /** Who gave up: the renderer on the image, the queue after its attempts, or time. */
  source: z.enum(["renderer", "dead-letter", "deadline"]),
  reason: z.string(),
});

const cancelledResult = z.strictObject({ ...common, state: z.literal("cancelled") });

const channelResultSchema = z.discriminatedUnion("state", [
  okResult,
  failedResult,
  cancelledResult,
]);

/** The terminal record of one channel. The first one written is the channel's end. */
export type ChannelResult = z.infer<typeof channelResultSchema>;
export type OkResult = z.infer<typeof okResult>;
export type FailedResult = z.infer<typeof failedResult>;
export type ChannelState = ChannelResult["state"];

/** The fields every record has. `channel` is 1-based. */
export function resultBase(
  jobId: string,
  channel: number,
  { attempts, now }: { readonly attempts: number; readonly now: Date },
) {
  return {
    version: 1,
    jobId,
    channel,
    channelIndex: channel - 1,
    attempts,
    finishedAt: now.toISOString(),
  } as const;
}

/** "exists": the channel had ended before, and this record changes nothing. */
export function writeResult(
  store: ObjectStore,
  result: ChannelResult,
): Promise<"created" | "exists"> {
  const key = resultKey(result.jobId, result.channel);
  return store.putIfAbsent(key, encodeJson(result), JSON_TYPE);
}

/** @throws ObjectNotFoundError if the channel has not ended */
export function readResult(
  store: ObjectStore,
  jobId: string,
  channel: number,
): Promise<ChannelResult> {
  return readJson(store, resultKey(jobId, channel), channelResultSchema);
}
