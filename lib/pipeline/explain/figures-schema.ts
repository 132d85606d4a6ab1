import * as z from "zod";

import { pixelsSchema } from "./explanation-request.ts";
import {
  CHANNELS_AT_PLACE,
  EXPLAINED_CHANNELS,
  EXPLAINED_CLASSES,
  MAX_MAP_SIDE,
  MAX_POINTED_SIDE,
} from "../limits.ts";

const classSchema = z.strictObject({
  channel: z.int().min(1).describe("1-based"),
  label: z.string().describe('its name, or "#" and its number where it has none'),
  activation: z.number(),
  probability: z.number().nullable().describe("0 to 1; null where the network has no classes"),
});

const mapSizeSchema = z.tuple([z.int().min(1), z.int().min(1)]);
const mapSchema = z.array(z.number());

const contributionSchema = z.strictObject({
  channel: z.int().min(1).describe("1-based"),
  contribution: z.number().describe("to the score, in its unit"),
});

export const figuresSchema = z.strictObject({
  class: classSchema.describe("the one that is spoken for"),
  seen: z
    .array(classSchema)
    .describe(`what the network sees most, the first ${EXPLAINED_CLASSES} classes`),
  layer: z.strictObject({
    index: z.int().min(1).describe("1-based"),
    name: z.string(),
    channels: z.int().min(1),
  }),
  score: z.number().describe("of the class, which is shared out"),
  contributed: z.number().describe("by all channels of the layer together"),
  mapSize: mapSizeSchema
    .nullable()
    .describe("rows and columns of the maps; null where a channel is none"),
  places: mapSchema.describe(
    "what each place contributes, all channels together, row by row; a map with a side of more " +
      `than ${MAX_MAP_SIDE} is summed up to that`,
  ),
  specialTokens: z
    .array(z.number())
    .describe(
      "what each of a transformer's tokens contributes that is no place, as the class token, all " +
        "channels together; none of a map",
    ),
  channels: z
    .array(
      contributionSchema.extend({
        share: z.number().nullable().describe("of the score; null where that is not above 0"),
        places: mapSchema.describe("what each place contributes, in this channel"),
      }),
    )
    .describe(`those that speak most for the class, at most ${EXPLAINED_CHANNELS}`),
  atPlaces: z
    .strictObject({
      mapSize: mapSizeSchema.describe(
        `rows and columns, at most ${MAX_POINTED_SIDE}: a larger map is summed up`,
      ),
      channels: z
        .array(z.array(contributionSchema))
        .describe(
          `of each place, row by row: those that speak most for the class there, at most ${CHANNELS_AT_PLACE}, of all of the layer's`,
        ),
    })
    .nullable()
    // explanations were kept before there was such a thing
    .default(null)
    .describe("which channels speak at each place; null where the layer has no map"),
  pixels: pixelsSchema
    .extend({
      score: z.number().describe("of the photograph, under the noise"),
      baselineScore: z.number().describe("of the grey image that it is compared with"),
      contributed: z
        .number()
        .describe("by all pixels together; it should be what the scores differ by"),
    })
    .nullable()
    .default(null)
    .describe("what pixels contribute, whose map is a picture of its own; null: not asked for"),
});

/** An explanation as it is kept and answered. */
export type Figures = z.output<typeof figuresSchema>;
