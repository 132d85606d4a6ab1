import * as z from "zod";

import { parseDescription } from "../../networks/description.ts";
import { completeRequestSchema } from "./complete-request.ts";
import { commonFields, drawnFields } from "./fields/drawn.ts";
import { presetFormSchema } from "./fields/fourier.ts";

const size = { width: z.int().min(1), height: z.int().min(1) };

/** An image in the bucket, pinned to the bytes it had when the request was checked. */
const initialImageSchema = z.strictObject({ key: z.string(), sha256: z.string(), ...size });
export type InitialImage = z.infer<typeof initialImageSchema>;

/** A file that targets name, pinned to the bytes it had when the request was checked. */
const targetFileSchema = z.strictObject({
  /** In the bucket, or a path on this machine. */
  key: z.string(),
  sha256: z.string(),
  /** Of a direction; `null` for an image. */
  shape: z.array(z.int().min(1)).nullable(),
});
export type TargetFile = z.infer<typeof targetFileSchema>;

/** What a request with targets at `"each"` place was in normal form otherwise. */
export const eachFormSchema = z.strictObject({
  targets: drawnFields.targets,
  montage: commonFields.montage,
});

const layerSchema = z.strictObject({
  /** 1-based. */
  index: z.int().min(1),
  name: z.string(),
  /** Of the whole layer. */
  channels: z.int().min(1),
  /** Whether what feeds the layer, a rectifier, is raised in place of its output. */
  preActivation: z.boolean().default(false),
});

export const resolvedRequestSchema = z.strictObject({
  /** In normal form, so equal jobs are equal here. */
  request: completeRequestSchema,
  /** Its parameters by a preset's name; `null` without any, and in plans of before. */
  presetForm: presetFormSchema.nullable().default(null),
  /**
   * Its fields before its targets at `"each"` place became one for each; left out where none says
   * so, and in plans of before.
   */
  eachForm: eachFormSchema.optional(),
  /** As it was when the request was checked, the model's SHA-256 included. */
  network: z.unknown().transform((json) => parseDescription(json, "plan.json")),
  layer: layerSchema,
  /** Others whose channels targets sum; left out where there are none, and in plans of before. */
  otherLayers: z.array(layerSchema).optional(),
  /** Files that the targets name. */
  targetFiles: z.array(targetFileSchema).default([]),
  /** 1-based, in the order of the sheet: channels, or numbers of the targets' images. */
  channels: z.array(z.int().min(1)).min(1),
  /** One per channel, to be written under its tile; `null` for none. */
  labels: z.array(z.string().nullable()),
  initialImage: initialImageSchema.nullable(),
  /** What an image takes by estimate, in seconds of one thread; `null` in plans of before. */
  seconds: z
    .strictObject({ step: z.number().min(0), channel: z.number().min(0) })
    .nullable()
    .default(null),
  /** Memory while an image is drawn, by estimate; `null`: see `workBytes`, or a plan of before. */
  bytes: z.number().min(0).nullable().default(null),
  /** Of the finished images. */
  tileSize: z.strictObject(size),
});

/** A request that can be rendered: every name in it has been found. */
export type ResolvedRequest = z.infer<typeof resolvedRequestSchema>;
