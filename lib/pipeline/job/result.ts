import * as z from "zod";

import { PROVIDERS } from "../../autodiff/provider.ts";
import { DamagedObjectError } from "../json.ts";
import { qualitySchema } from "./quality.ts";

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
  /** Deliveries of the channel's message in which its image was begun; at least 1. */
  attempts: z.int().min(1),
  finishedAt: z.iso.datetime(),
};

const okResult = z.strictObject({
  ...common,
  state: z.literal("ok"),
  tile,
  /**
   * The renderer's float32 values [planes, H, W], R, G and B if colours, where output scaling is
   * off.
   */
  raw: z.strictObject({ key: z.string(), sha256: z.string() }).nullable(),
  /** The image as an SVG document, of one in ellipses. */
  svg: z.strictObject({ key: z.string(), sha256: z.string() }).optional(),
  /** How the image came about, where the request wants it; `seconds` of one run. */
  animation: z
    .strictObject({ key: z.string(), sha256: z.string(), seconds: z.number().min(0) })
    .optional(),
  /** Activation strength of the last iteration. */
  activation: z.number(),
  trace: z.array(
    z.strictObject({ level: z.int().min(1), iteration: z.int().min(1), activation: z.number() }),
  ),
  seconds: z.number().min(0),
  provider: z.enum(PROVIDERS),
  seed: z.int(),
  restarts: z.int().min(0),
  quality: qualitySchema,
  /** What one would not expect of the work, in sentences; left out where there is nothing. */
  notices: z.array(z.string()).min(1).optional(),
});

const failedResult = z.strictObject({
  ...common,
  state: z.literal("failed"),
  /**
   * Who gave up: the renderer on the image, the pipeline after attempts that no worker finished, or
   * time; or the image was drawn, and what was written of it is lost.
   */
  source: z.enum(["renderer", "dead-letter", "deadline", "storage"]),
  reason: z.string(),
});

const cancelledResult = z.strictObject({ ...common, state: z.literal("cancelled") });

export const channelResultSchema = z.discriminatedUnion("state", [
  okResult,
  failedResult,
  cancelledResult,
]);

const end = { channel: common.channel };

/** How channels ended, without how their images came about: a part of the sheet's manifest. */
export const endsSchema = z.object({
  tiles: z.array(
    z.discriminatedUnion("state", [
      z.object({
        ...end,
        state: z.literal("ok"),
        tile,
        raw: okResult.shape.raw,
        activation: okResult.shape.activation,
        quality: okResult.shape.quality,
      }),
      z.object({ ...end, state: z.literal("failed"), reason: failedResult.shape.reason }),
      z.object({ ...end, state: z.literal("cancelled") }),
    ]),
  ),
});

/** As much of a channel's result as a list of channels tells. */
export type ChannelEnd = z.infer<typeof endsSchema>["tiles"][number];

/** The terminal record of one channel. The first one written is the channel's end. */
export type ChannelResult = z.infer<typeof channelResultSchema>;
export type OkResult = z.infer<typeof okResult>;
export type ChannelState = ChannelResult["state"];

type Common = keyof typeof common;
/** How a channel ends: its result without the fields that every result has. */
export type Ending =
  | Omit<OkResult, Common>
  | Omit<z.infer<typeof failedResult>, Common>
  | Omit<z.infer<typeof cancelledResult>, Common>;

/** The delivery of a channel's message with which the channel ends. */
export interface Delivered {
  /** Deliveries in which the channel's image was begun, this one included; at least 1. */
  readonly attempts: number;
  readonly now: Date;
}

/** The record of a channel's end. @param channel 1-based */
export function resultOf(
  jobId: string,
  channel: number,
  ending: Ending,
  { attempts, now }: Delivered,
): ChannelResult {
  return {
    version: 1,
    jobId,
    channel,
    channelIndex: channel - 1,
    attempts,
    finishedAt: now.toISOString(),
    ...ending,
  };
}

/** The end of a channel (1-based) whose result cannot be read. @throws `error` if it is another */
export function failedByDamage(jobId: string, channel: number, error: unknown): ChannelResult {
  if (!(error instanceof DamagedObjectError)) throw error;
  const ending = { state: "failed", source: "storage", reason: error.message } as const;
  return resultOf(jobId, channel, ending, { attempts: 1, now: new Date(0) });
}
