import * as z from "zod";

import { sha256 } from "../../networks/checksum.ts";
import {
  NETWORK_ID,
  NETWORK_ID_FORM,
  type NetworkDescription,
  parseDescription,
} from "../../networks/description.ts";
import { canonicalJson } from "../json.ts";
import { EXPLANATION_ID, isUploadKey } from "../keys.ts";
import { MAX_KEY_LENGTH, MAX_NAME_LENGTH } from "../limits.ts";

const reference = z.union([z.string().min(1).max(MAX_NAME_LENGTH), z.int().min(1)]);
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
  class: reference
    .optional()
    .describe("name or 1-based index; left out, what the network sees most"),
  layer: reference
    .optional()
    .describe("name or 1-based index; left out, the last that has a map of the image"),
});
export type ExplanationRequest = z.output<typeof explanationRequestSchema>;

export const posedQuestionSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(EXPLANATION_ID),
  /** As it was when it was asked, the model's SHA-256 included. */
  network: z.unknown().transform((json) => parseDescription(json, "question.json")),
  image: z.strictObject({ key: z.string(), sha256: z.string() }),
  class: reference.nullable(),
  layer: reference.nullable(),
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
  { class: word, layer, image: key }: ExplanationRequest,
  network: NetworkDescription,
  image: Uint8Array,
): PosedQuestion {
  const asked = {
    image: { key, sha256: sha256(image) },
    class: word ?? null,
    layer: layer ?? null,
  };
  // how its layers are best drawn is another matter
  const { recipes: _, ...described } = network;
  const id = sha256(canonicalJson({ ...asked, network: described })).slice(0, ID_LENGTH);
  return { version: 1, id, network, ...asked };
}
