import { z } from "zod";

import { parseColor } from "../../image/color.ts";
import { ImageError } from "../../image/errors.ts";
import { NETWORK_ID } from "../../networks/description.ts";
import { OBJECTIVES } from "../../optvis/graph/objective/names.ts";
import { describeIssues } from "./describe-issues.ts";
import { JOB_PREFIX, UPLOAD_PREFIX } from "../keys.ts";
import {
  MAX_BORDER_PX,
  MAX_CHANNELS_PER_JOB,
  MAX_CHANNEL_INDEX,
  MAX_GRID_SIDE,
  MAX_ITERATIONS,
  MAX_KEY_LENGTH,
  MAX_LABEL_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PYRAMID_LEVELS,
  MAX_PYRAMID_SCALE,
  MAX_SEED,
  MAX_THUMBNAIL_SIDE_PX,
  MAX_TITLE_LENGTH,
} from "../limits.ts";
import { MAX_NESTING_DEPTH, nestingDepth } from "./nesting-depth.ts";

const CHANNELS_WANTED =
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

const gridSide = z.int().min(1).max(MAX_GRID_SIDE).nullable();
const thumbnailSide = z.int().min(1).max(MAX_THUMBNAIL_SIDE_PX).nullable();
const border = z.int().min(0).max(MAX_BORDER_PX);
const COLOR_WANTED = 'a CSS name ("white"), "#rrggbb", or [red, green, blue] from 0 to 1';
const MAX_COLOR_LENGTH = 40; // twice the longest CSS name, lightgoldenrodyellow
const colorLevel = z.number().min(0).max(1);
const color = z.tuple([colorLevel, colorLevel, colorLevel]);

/** The options of MATLAB's imtile, and a title and labels. */
const montageSchema = z.strictObject({
  gridSize: z
    .tuple([gridSide, gridSide], { error: "a pair [rows, columns]; either may be null" })
    .nullable()
    .default(null)
    .describe("[rows, columns]; null for one of them is computed; null alone: near square"),
  thumbnailSize: z
    .tuple([thumbnailSide, thumbnailSide], {
      error: "a pair [height, width] in pixels; either may be null",
    })
    .nullable()
    .default(null)
    .describe(
      "[height, width] in pixels; null for one of them keeps the aspect; null alone: tile size",
    ),
  borderSize: z
    .union([border, z.tuple([border, border])], {
      error: `a whole number of pixels from 0 to ${MAX_BORDER_PX}, or a pair [vertical, horizontal]`,
    })
    .default(0)
    .describe("pixels around each tile: one number, or [vertical, horizontal]"),
  backgroundColor: z
    .union([z.string().max(MAX_COLOR_LENGTH).refine(isColor, { error: COLOR_WANTED }), color], {
      error: COLOR_WANTED,
    })
    .default("black")
    .describe('a CSS name, "#rrggbb", or [red, green, blue] from 0 to 1'),
  title: z
    .string()
    .max(MAX_TITLE_LENGTH)
    .nullable()
    .default(null)
    .describe('null: "Layer NAME Features"; "": none'),
  labels: z
    .array(z.string().max(MAX_LABEL_LENGTH))
    .max(MAX_CHANNELS_PER_JOB)
    .nullable()
    .default(null)
    .describe("one per channel, in the channels' order; null: class names where known; []: none"),
});

const IMAGE_WANTED = `the key of a PNG, JPEG or WebP in the job bucket, under ${UPLOAD_PREFIX} or ${JOB_PREFIX}`;

/** A request: the API's model, the drop zone's format, and the documentation of both. */
export const requestSchema = z.strictObject({
  network: z
    .string()
    .regex(NETWORK_ID, { error: "the id of a registered network, such as emojinet" })
    .describe("id of a registered network"),
  layer: z
    .union([z.string().min(1).max(MAX_NAME_LENGTH), z.int().min(1)], {
      error: "a layer's name, or its 1-based index",
    })
    .describe('layer name ("inception_4e-1x1") or 1-based index (97)'),
  channels,
  objective: z
    .enum(OBJECTIVES)
    .default("rectified")
    .describe("rectified: excite the channel above its own mean; mean: deepDreamImage's"),
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
  initialImage: z
    .string()
    .min(1)
    .max(MAX_KEY_LENGTH)
    .refine(isImageKey, { error: IMAGE_WANTED })
    .nullable()
    .default(null)
    .describe(`${IMAGE_WANTED}; null: standard-normal noise`),
  seed: z.int().min(0).max(MAX_SEED).default(0).describe("seed of every random number"),
  outputScaling: z
    .enum(["linear", "none"])
    .default("linear")
    .describe("linear: each image's own minimum and maximum to 0..255; none: raw, also as .npy"),
  executionEnvironment: z
    .enum(["auto", "cpu", "gpu"])
    .default("auto")
    .describe("gpu without GPU workers is an error, not a fallback"),
  verbose: z
    .boolean()
    .default(true)
    .describe("progress table: Iteration, Activation Strength, Pyramid Level"),
  montage: montageSchema.prefault({}).describe("how the sheet is laid out"),
});

/** A request on this machine: `network` may be an .onnx file, `initialImage` a path. */
const localRequestSchema = requestSchema.extend({
  network: z.string().min(1).describe("id of a registered network, or path of an .onnx file"),
  initialImage: z.string().min(1).nullable().default(null).describe("path of an image file"),
});

export type RenderRequest = z.infer<typeof requestSchema>;
/** A request as written by a user: fields with a default may be left out. */
export type RenderRequestInput = z.input<typeof requestSchema>;

/** The request cannot be rendered as it stands. Every problem found is listed, one line each. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/** @throws RequestError naming every bad field: where, what was given, what is wanted. */
export function parseRequest(json: unknown): RenderRequest {
  return parseWith(requestSchema, json);
}

/** As `parseRequest`, with paths allowed where they are on one machine. */
export function parseLocalRequest(json: unknown): RenderRequest {
  return parseWith(localRequestSchema, json);
}

function parseWith(schema: typeof requestSchema, json: unknown): RenderRequest {
  if (nestingDepth(json) > MAX_NESTING_DEPTH) {
    throw new RequestError([
      `request: nested more than ${MAX_NESTING_DEPTH} levels deep; no request is`,
    ]);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new RequestError(describeIssues(parsed.error.issues, json, Object.keys(schema.shape)));
}

function isColor(text: string): boolean {
  try {
    parseColor(text);
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

/** Uploads and tiles; a plain key without the tricks that S3 would allow. */
function isImageKey(key: string): boolean {
  const isPlain =
    /^[^\p{C}\\]*$/u.test(key) && !key.split("/").some((part) => /^\.{0,2}$/.test(part));
  return isPlain && [UPLOAD_PREFIX, JOB_PREFIX].some((prefix) => key.startsWith(prefix));
}
