import * as z from "zod";

import { figuresSchema } from "../../lib/pipeline/explain/figures-schema.ts";
import {
  classReference,
  layerReference,
  pixelsSchema,
} from "../../lib/pipeline/explain/explanation-request.ts";
import { EXPLANATION_ID } from "../../lib/pipeline/keys.ts";
import { linkSchema, networkIdSchema } from "./schemas.ts";

export const explanationIdSchema = z
  .string()
  .regex(EXPLANATION_ID, { error: "32 hexadecimal digits" })
  .describe("id of an explanation");

/** A question, and how it stands. */
export const explanationSchema = z.strictObject({
  id: explanationIdSchema,
  state: z.enum(["pending", "done", "failed"]).describe("once it is done it stays so"),
  network: networkIdSchema,
  image: z.string().describe("key of what it is about"),
  class: classReference.nullable().describe("as it was asked; null: what the network sees most"),
  layer: layerReference.nullable().describe("as it was asked; null: the last whose places speak"),
  pixels: pixelsSchema.nullable().describe("how pixels are asked for; null: they are not"),
  problems: z.array(z.string()).describe("why it failed"),
  retryable: z
    .boolean()
    .describe("whether it failed for a reason that may pass: the same question then asks anew"),
  explanation: figuresSchema.nullable().describe("null until it is done"),
  links: z.strictObject({
    self: linkSchema,
    image: linkSchema,
    pixels: linkSchema.nullable().describe("once it is done, where pixels were asked for"),
  }),
});
