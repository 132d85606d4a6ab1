import * as z from "zod";

import { NETWORK_ID, NETWORK_ID_FORM } from "../../networks/description.ts";
import { isUploadKey } from "../keys.ts";
import { MAX_KEY_LENGTH, MAX_NAME_LENGTH } from "../limits.ts";

/** A name, or a 1-based number. */
export const referenceSchema = z.union([z.string().min(1).max(MAX_NAME_LENGTH), z.int().min(1)]);
const IMAGE_WANTED = "key of an upload or tile in the bucket";

/** What people ask: why a network sees a class in an image. */
export const explanationRequestSchema = z.strictObject({
  network: z.string().regex(NETWORK_ID, { error: NETWORK_ID_FORM }).describe("id of a network"),
  image: z
    .string()
    .min(1)
    .max(MAX_KEY_LENGTH)
    .refine(isUploadKey, { error: IMAGE_WANTED })
    .describe(IMAGE_WANTED),
  class: referenceSchema
    .optional()
    .describe("name or 1-based index; left out, what the network sees most"),
  layer: referenceSchema
    .optional()
    .describe("name or 1-based index; left out, the last that has a map of the image"),
});
export type ExplanationRequest = z.output<typeof explanationRequestSchema>;
