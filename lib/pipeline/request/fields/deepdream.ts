import * as z from "zod";

import { isUploadKey, JOB_PREFIX, UPLOAD_PREFIX } from "../../keys.ts";
import {
  MAX_ITERATIONS,
  MAX_KEY_LENGTH,
  MAX_PYRAMID_LEVELS,
  MAX_PYRAMID_SCALE,
} from "../../limits.ts";
import { DEFAULT_OBJECTIVE, objective } from "./drawn.ts";

const IMAGE_WANTED = `the key of a PNG, JPEG or WebP in the job bucket, under ${UPLOAD_PREFIX} or ${JOB_PREFIX}`;
/** Names an image in the bucket. */
export const imageKey = z
  .string()
  .min(1)
  .max(MAX_KEY_LENGTH)
  .refine(isUploadKey, { error: IMAGE_WANTED })
  .describe(IMAGE_WANTED);

/** How method `deepdream` draws: the options of MATLAB's deepDreamImage. */
export const deepdreamFields = {
  method: z
    .literal("deepdream")
    .optional()
    .default("deepdream")
    .describe("deepDreamImage's ascent: the pixels, level by level of a pyramid"),
  objective: objective.default(DEFAULT_OBJECTIVE.deepdream),
  numIterations: z
    .int()
    .min(1)
    .max(MAX_ITERATIONS)
    .default(10)
    .describe("ascent iterations per pyramid level"),
  pyramidLevels: z
    .int()
    .min(1)
    .max(MAX_PYRAMID_LEVELS)
    .default(3)
    .describe("levels of the multi-resolution pyramid; 1 keeps the initial size"),
  pyramidScale: z
    .number()
    .gt(1)
    .max(MAX_PYRAMID_SCALE)
    .default(1.4)
    .describe("scale between levels"),
  initialImage: imageKey
    .nullable()
    .default(null)
    .describe(`${IMAGE_WANTED}; null: standard-normal noise`),
  outputScaling: z
    .enum(["clipped", "linear", "none"])
    .default("clipped")
    .describe(
      "clipped: all of an image but its lowest and highest 0.5 % to 0..255; linear: its minimum and maximum; none: raw, also as .npy",
    ),
};
