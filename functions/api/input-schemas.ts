import * as z from "zod";

import { MAX_CHANNEL_INDEX, MAX_CHANNELS_PER_JOB } from "../../lib/pipeline/limits.ts";
import { dryRunField, jobIdSchema, networkIdSchema } from "./schemas.ts";

/* What the API takes in addresses. */

/** Even of the largest kernels that are told no more than an answer can hold. */
const MAX_LINKS = 50;

export const dryRunSchema = z.strictObject({ dryRun: dryRunField });

/** Page of a job's channels. */
export const channelPageSchema = z.strictObject({
  offset: z
    .int()
    .min(0)
    .max(MAX_CHANNELS_PER_JOB)
    .default(0)
    .describe("channels to leave out at the start"),
  limit: z.int().min(1).max(500).default(100).describe("channels to list"),
});

/** Part of a job's sheet, as Deep Zoom counts: all from 0, level 0 being one pixel. */
export const deepZoomPieceSchema = z.strictObject({
  jobId: jobIdSchema,
  level: z.int().min(0),
  column: z.int().min(0),
  row: z.int().min(0),
});

export const channelPathSchema = z.strictObject({
  jobId: jobIdSchema,
  channel: z.int().min(1).max(MAX_CHANNEL_INDEX).describe("1-based"),
});

export const layerPathSchema = z.strictObject({
  networkId: networkIdSchema,
  index: z.int().min(1).describe("1-based; 1 is the image"),
});

export const circuitPathSchema = layerPathSchema.extend({
  channel: z.int().min(1).max(MAX_CHANNEL_INDEX).describe("1-based"),
});

/** So many of the channels that a channel is made of, and of those that are made of it. */
export const circuitPageSchema = z.strictObject({
  limit: z
    .int()
    .min(1)
    .max(MAX_LINKS)
    .default(50)
    .describe("channels to list on each side, those with the largest weights"),
});

/** Part of a network's layer table. */
export const layerPageSchema = z.strictObject({
  after: z.int().min(0).default(0).describe("only layers behind this index"),
});

/** Page of the jobs. */
export const jobPageSchema = z.strictObject({
  after: jobIdSchema.optional().describe("only jobs behind this id"),
  network: networkIdSchema
    .optional()
    .describe("only jobs of this network, and of no other that had its name before"),
  layer: z.int().min(1).optional().describe("only jobs of the layer with this index"),
  limit: z.int().min(1).max(100).default(20).describe("jobs to look at"),
});
