import * as z from "zod";

import { MARKS } from "../../optvis/quality/card.ts";

const share = z.number().min(0).max(1);

/** A tile's quality card, in stored objects and in the API's answers alike. */
export const qualitySchema = z.strictObject({
  luminanceDeviation: share.describe("standard deviation of the luminance, of 0 to 1"),
  fineShare: share.describe("share of the luminance's power above 0.25 cycles a pixel"),
  source: z
    .strictObject({
      activation: z.number().describe("of the channel, in the picture as people see it"),
      probability: share.nullable().describe("of the class; null where channels are no classes"),
      rank: z.int().min(1).describe("of the channel among the layer's, 1 for the most activated"),
      robustness: share.describe(
        "mean over 8 affine copies: the class's probability, or the share of the other channels below",
      ),
    })
    .nullable()
    .describe(
      "what the network itself sees; null where its activations are not finite, and for what is no one channel",
    ),
  selective: z
    .boolean()
    .nullable()
    .describe(
      "whether the channel is the most activated of its layer; null for what is no one channel",
    ),
  marks: z.array(z.enum(MARKS)).describe("what the picture falls short of"),
  redrawn: z.boolean().describe("whether it is the better of two, drawn from two seeds"),
});
