import * as z from "zod";

import { PIXEL_DEFAULTS } from "../../optvis/quality/pixel-options.ts";
import { MAX_PIXEL_STEPS } from "../limits.ts";
import { imageKey } from "../request/fields/deepdream.ts";
import { drawnFields, nameOrIndex } from "../request/fields/drawn.ts";

export const classReference = nameOrIndex("a class");
export const layerReference = nameOrIndex("a layer");

/** How a score is shared out among pixels. */
export const pixelsSchema = z.strictObject({
  steps: z
    .int()
    .min(1)
    .max(MAX_PIXEL_STEPS)
    .describe("images that are looked at on the way from grey to the photograph"),
  noise: z
    .number()
    .min(0)
    .max(1)
    .describe("deviation of the noise that lies on them, as a share of 0..255"),
});

/** What people ask: why a network sees a class in an image. */
export const explanationRequestSchema = z.strictObject({
  network: drawnFields.network,
  image: imageKey,
  class: classReference
    .optional()
    .describe("name or 1-based index; left out, what the network sees most"),
  layer: layerReference
    .optional()
    .describe("name or 1-based index; left out, the last whose places speak"),
  pixels: z
    .union([z.boolean(), pixelsSchema.partial()], {
      error: `true, false or {"steps": ..., "noise": ...}`,
    })
    .optional()
    .describe(
      `whether pixels are asked for too, which takes several seconds: by ${PIXEL_DEFAULTS.steps} steps, under noise of ${PIXEL_DEFAULTS.noise}, unless it says otherwise`,
    ),
});
export type ExplanationRequest = z.output<typeof explanationRequestSchema>;
