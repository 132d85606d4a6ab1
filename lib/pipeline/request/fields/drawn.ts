import * as z from "zod";

import { ANIMATION_FORMATS } from "../../../image/formats.ts";
import { NETWORK_ID } from "../../../networks/description.ts";
import { MAX_RANK } from "../../../onnx/budgets.ts";
import { OBJECTIVES } from "../../../optvis/graph/objective/names.ts";
import {
  MAX_CHANNEL_INDEX,
  MAX_CHANNELS_PER_JOB,
  MAX_NAME_LENGTH,
  MAX_SEED,
} from "../../limits.ts";
import { montage } from "./montage.ts";
import { targets } from "./targets.ts";

export const CHANNELS_WANTED =
  'a list of 1-based indices, ranges "start:end" and class names, or one range, or "all"';
/** By itself a range is written so; nine digits are far beyond any layer. */
const ONE_RANGE = /^\d{1,9}:\d{1,9}$/;
const channelIndex = z.int().min(1).max(MAX_CHANNEL_INDEX);

const channels = z
  .union(
    [
      z.literal("all"),
      z.string().regex(ONE_RANGE, { error: CHANNELS_WANTED }),
      z
        .array(
          z.union([channelIndex, z.string().min(1).max(MAX_NAME_LENGTH)], {
            error: `a whole number from 1 to ${MAX_CHANNEL_INDEX}, a range "start:end" or a class name`,
          }),
        )
        .min(1)
        .max(MAX_CHANNELS_PER_JOB),
    ],
    { error: CHANNELS_WANTED },
  )
  .describe(
    '1-based indices [1, 2, 5], a range "1:36", mixed ["1:6", 40], "all", or class names ["tiger"] where the layer feeds the classifier',
  );

/** A name, or a 1-based index. @param of what is named: "a layer" */
export const nameOrIndex = (of: string) =>
  z.union([z.string().min(1).max(MAX_NAME_LENGTH), z.int().min(1)], {
    error: `${of}'s name, or its 1-based index`,
  });

/** What is drawn, whatever the method. */
export const drawnFields = {
  network: z
    .string()
    .regex(NETWORK_ID, { error: "the id of a registered network, such as emojinet" })
    .describe("id of a registered network"),
  layer: nameOrIndex("a layer").describe('layer name ("inception_4e-1x1") or 1-based index (97)'),
  channels: channels.optional(),
  channelAxis: z
    .int()
    .min(1)
    .max(MAX_RANK - 1)
    .optional()
    .describe(
      "axis of the layer's output along which its channels lie, 0 being the batch, as the layer table has it; left out: as decided there",
    ),
  targets,
};

/** What an ascent raises of a map, by its method, where a request does not say. */
export const DEFAULT_OBJECTIVE = { deepdream: "rectified", fourier: "mean" } as const;

/** What an ascent raises of a map; each method has a default of its own. */
export const objective = z
  .enum(OBJECTIVES)
  .describe("rectified: excite the channel above its own mean; mean: deepDreamImage's");

/** How it is run and shown, whatever the method. */
export const commonFields = {
  seed: z.int().min(0).max(MAX_SEED).default(0).describe("seed of every random number"),
  executionEnvironment: z
    .enum(["auto", "cpu", "gpu"])
    .default("auto")
    .describe("gpu: an error where there is no GPU of use, not a fallback"),
  verbose: z
    .boolean()
    .default(true)
    .describe("progress table: Iteration, Activation Strength, Pyramid Level"),
  animation: z
    .enum(ANIMATION_FORMATS)
    .optional()
    .describe("each image's ascent as an animation too, a file beside the tile; left out: none"),
  montage: montage.prefault({}).describe("how the sheet is laid out"),
};
