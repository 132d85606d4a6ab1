import * as z from "zod";

import { PRESETS } from "./fields/fourier.ts";

/** How a layer is drawn best, and why. */
export const suggestionSchema = z.strictObject({
  fields: z
    .looseObject({ method: z.enum(["deepdream", "fourier"]), preset: z.enum(PRESETS).optional() })
    .readonly()
    .describe("of a request, which would leave them at deepdream"),
  reason: z.string().describe("of the layer: 'sees the whole image'"),
  isOwn: z.boolean().describe("whether the network's description has this recipe"),
});
export type Suggestion = Readonly<z.infer<typeof suggestionSchema>>;
/** How a layer is drawn: fields of a request, without what is drawn. */
export type RecipeFields = Suggestion["fields"];
