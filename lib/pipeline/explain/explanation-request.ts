import * as z from "zod";

import { imageKey } from "../request/fields/deepdream.ts";
import { drawnFields, nameOrIndex } from "../request/fields/drawn.ts";

export const classReference = nameOrIndex("a class");
export const layerReference = nameOrIndex("a layer");

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
});
export type ExplanationRequest = z.output<typeof explanationRequestSchema>;
