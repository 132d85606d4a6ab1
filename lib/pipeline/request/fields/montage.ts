import * as z from "zod";

import { parseColor } from "../../../image/color.ts";
import { ImageError } from "../../../image/errors.ts";
import { SHEET_FORMATS } from "../../../image/formats.ts";
import {
  MAX_BORDER_PX,
  MAX_CHANNELS_PER_JOB,
  MAX_GRID_SIDE,
  MAX_LABEL_LENGTH,
  MAX_THUMBNAIL_SIDE_PX,
  MAX_TITLE_LENGTH,
} from "../../limits.ts";

const gridSide = z.int().min(1).max(MAX_GRID_SIDE).nullable();
const thumbnailSide = z.int().min(1).max(MAX_THUMBNAIL_SIDE_PX).nullable();
const border = z.int().min(0).max(MAX_BORDER_PX);
const COLOR_WANTED = 'a CSS name ("white"), "#rrggbb", or [red, green, blue] from 0 to 1';
const MAX_COLOR_LENGTH = 40; // twice the longest CSS name, lightgoldenrodyellow
const colorLevel = z.number().min(0).max(1);
const color = z.tuple([colorLevel, colorLevel, colorLevel]);

/** The options of MATLAB's imtile, and a title and labels. */
export const montage = z.strictObject({
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
  format: z
    .enum(SHEET_FORMATS)
    .optional()
    .describe("of the sheet's file, or its pages' where it is cut up; left out: png"),
  labels: z
    .union(
      [z.literal("numbers"), z.array(z.string().max(MAX_LABEL_LENGTH)).max(MAX_CHANNELS_PER_JOB)],
      { error: 'a list of texts, ["one", "two"], one per channel, or "numbers"' },
    )
    .nullable()
    .default(null)
    .describe(
      'one per channel, in the channels\' order; "numbers": #1, #2, as channels are numbered; null: class names where known, and with fourier numbers elsewhere; []: none',
    ),
});

function isColor(text: string): boolean {
  try {
    parseColor(text);
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}
