import * as z from "zod";

import { PROVIDERS } from "../../autodiff/provider.ts";
import { CHANNEL_ORDERS, PREPROCESSING_NAMES } from "../../networks/preprocessing.ts";
import { OBJECTIVES } from "../../optvis/graph/objective/names.ts";
import { MAX_SEED } from "../limits.ts";
import { describeIssues } from "./describe-issues.ts";
import { RequestError } from "./request.ts";

const direction = z.object({ kind: z.literal("direction"), cosinePower: z.number() });

const isNetwork = (value: unknown) =>
  typeof value === "object" && value !== null && "analysed" in value;
const layer = z.union([z.string(), z.number()], "a layer's name, or its 1-based index");

/** Of `vjp` and `differentiableGraph`. */
export const graphOptions = z.strictObject({
  network: z.custom(isNetwork, "what readNetwork gives"),
  layer,
  channelAxis: z.number().optional(),
  image: z.array(z.int().min(1)).length(4).optional(),
  provider: z.enum(PROVIDERS).optional(),
  objective: z
    .union(
      [z.enum([...OBJECTIVES, "layer", "neuron"]), direction],
      'one of "rectified", "mean", "layer", "neuron", or { kind: "direction", cosinePower: number }',
    )
    .optional(),
});

/** Of `circuit`. */
export const circuitOptions = z.strictObject({
  network: z.custom(isNetwork, "what readNetwork gives"),
  layer,
  channel: z.union([z.string(), z.number()], "a 1-based channel, or a class's name"),
});

/** Of `expandedWeights`. */
export const expandedOptions = circuitOptions.extend({ from: layer });

const classReference = z.union([z.string(), z.number()], "a class's name, or its 1-based index");
const networkReference = z.custom(
  (value) => typeof value === "string" || isNetwork(value),
  "what readNetwork gives or takes",
);
const isImage = (value: unknown) => typeof value === "string" || value instanceof Uint8Array;

const seed = z.int().min(0).max(MAX_SEED).optional();

/** Of `datasetExamples`. */
export const datasetOptions = z.strictObject({
  network: networkReference,
  layer,
  images: z.custom(
    (value) =>
      typeof value === "string" ||
      (Array.isArray(value) && value.length > 0 && value.every(isImage)),
    "the path of a folder, or an array of paths or bytes of PNG, JPEG or WebP files",
  ),
  count: z.int().min(1).optional(),
});

/** Of `concepts`. */
export const conceptsOptions = datasetOptions.extend({
  class: classReference.optional(),
  seed,
});

/** Of `activationAtlas`. */
export const atlasOptions = datasetOptions.omit({ count: true }).extend({
  grid: z.strictObject({ columns: z.int().min(1), rows: z.int().min(1) }).optional(),
  places: z.int().min(1).optional(),
  seed,
});

/** Of `explain`. */
export const explainOptions = z.strictObject({
  network: networkReference,
  image: z.custom(isImage, "the path of a PNG, JPEG or WebP file, or its bytes"),
  class: classReference.optional(),
  layer: layer.optional(),
  pixels: z
    .union(
      [
        z.boolean(),
        z.strictObject({
          steps: z.int().min(1).optional(),
          noise: z.number().min(0).max(1).optional(),
        }),
      ],
      "true, false or { steps, noise }: whole steps from 1, and noise from 0 to 1",
    )
    .optional(),
});

const perPlane = z.array(z.number()).min(1).optional();

/** Of `readNetwork`. */
export const readOptions = z.strictObject({
  input: z
    .strictObject({
      preprocessing: z.enum(PREPROCESSING_NAMES).optional(),
      mean: perPlane,
      std: perPlane,
      scale: perPlane,
      range: z.number().optional(),
      channelOrder: z.enum(CHANNEL_ORDERS).optional(),
      constants: z.array(z.looseObject({ name: z.string() })).optional(),
      sizePx: z.int().min(1).nullable().optional(),
    })
    .optional(),
  folders: z.array(z.string()).optional(),
  cacheFolder: z.string().optional(),
  onProgress: z.custom((value) => typeof value === "function", "a function").optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/** Refuses other options: plain JavaScript has no compiler to say it. @throws RequestError */
export function checkOptions(schema: z.ZodObject, options: object): void {
  const { error } = schema.safeParse(options);
  if (error) throw new RequestError(describeIssues(error.issues, options, schema));
}
