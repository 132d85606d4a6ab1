import * as z from "zod";

import { sha256 } from "../../networks/checksum.ts";
import { type NetworkDescription, parseDescription } from "../../networks/description.ts";
import { pixelOptions } from "../../optvis/quality/pixel-options.ts";
import { canonicalJson } from "../json.ts";
import { EXPLANATION_ID } from "../keys.ts";
import {
  classReference,
  type ExplanationRequest,
  layerReference,
  pixelsSchema,
} from "./explanation-request.ts";

export const posedQuestionSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(EXPLANATION_ID),
  /** As it was when it was asked, the model's SHA-256 included. */
  network: z.unknown().transform((json) => parseDescription(json, "question.json")),
  image: z.strictObject({ key: z.string(), sha256: z.string() }),
  class: classReference.nullable(),
  layer: layerReference.nullable(),
  // questions were kept before there was such a thing
  pixels: pixelsSchema.nullable().default(null),
});

/** A question with the bytes that its names stand for. */
export type PosedQuestion = z.output<typeof posedQuestionSchema>;

/** 128 bits: two questions will not meet. */
const ID_LENGTH = 32;

/**
 * A question with its id, a hash of it and of the bytes that it is about: the same again is the
 * same explanation.
 */
export function posedQuestion(
  { class: word, layer, image: key, pixels = false }: ExplanationRequest,
  network: NetworkDescription,
  image: Uint8Array,
): PosedQuestion {
  const asked = {
    image: { key, sha256: sha256(image) },
    class: word ?? null,
    layer: layer ?? null,
    pixels: pixelOptions(pixels),
  };
  // how its layers are best drawn is another matter
  const { recipes: _, ...described } = network;
  const id = sha256(canonicalJson({ ...asked, network: described })).slice(0, ID_LENGTH);
  return { version: 1, id, network, ...asked };
}
