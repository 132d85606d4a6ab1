import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import * as z from "zod";

import { asLabels } from "./labels.ts";
import type { GivenPreprocessing } from "./preprocessing.ts";

/** What Hugging Face's libraries keep of a network in files beside it. */
export interface HuggingFaceFiles {
  /** How it wants its pixels; `null` where no file says it. */
  readonly pixels: PixelsBeside | null;
  /** Names of its classes, channel 1 first; `null` where no file says them. */
  readonly labels: readonly string[] | null;
}

export interface PixelsBeside {
  /** Path of the file that says so. */
  readonly path: string;
  readonly given: GivenPreprocessing;
  /** Side of the square images that it was trained with; `null` where that is not said. */
  readonly sidePx: number | null;
}

const PREPROCESSOR = "preprocessor_config.json";
const CONFIG = "config.json";
/** Folder of a model's exports, with the other files around it. */
const EXPORTS = "onnx";
/** A file of thousands of class names has a fraction of it; others of these names may be anything. */
const MOST_BYTES = 4_000_000;

const perPlane = (number: z.ZodNumber) =>
  z
    .union([number, z.array(number).min(1)])
    .transform((values) => (typeof values === "number" ? [values] : values));
/** Of images that a network may have been trained with: what is more is odd, and says nothing. */
const MOST_SIDE_PX = 4_096;
const sidePx = z.int().min(1).max(MOST_SIDE_PX);
/** Of a square; `null` for others, and for sizes that are said in another way. */
const size = z
  .union([
    sidePx,
    // with a longest one, too, images keep their aspect
    z.strictObject({ shortest_edge: sidePx }).transform(({ shortest_edge }) => shortest_edge),
    z
      .object({ height: sidePx, width: sidePx })
      .transform(({ height, width }) => (height === width ? height : null)),
  ])
  .nullable()
  .catch(null);

/** As `transformers` has them, with its defaults. */
const preprocessorSchema = z
  .object({
    do_rescale: z.boolean().default(true),
    rescale_factor: z
      .number()
      .gt(0)
      .default(1 / 255),
    rescale_offset: z.boolean().default(false),
    do_normalize: z.boolean().optional(),
    image_mean: perPlane(z.number()).optional(),
    image_std: perPlane(z.number().gt(0)).optional(),
    do_flip_channel_order: z.boolean().optional(),
    do_center_crop: z.boolean().default(true),
    crop_size: size.default(null),
    size: size.default(null),
  })
  // of sounds, texts or by a default of its own kind it is not said how images are normalised
  .refine(({ do_normalize, image_mean, image_std, do_flip_channel_order }) => {
    if (do_normalize === false || (image_mean !== undefined && image_std !== undefined))
      return true;
    const isSaid = do_normalize !== undefined || image_mean !== undefined;
    return !isSaid && do_flip_channel_order !== undefined;
  });

const configSchema = z.object({ id2label: z.record(z.string().regex(/^\d+$/), z.string()) });

/** Names that stand for none: what the library calls classes that nobody has named. */
const UNNAMED = /^LABEL_\d+$/;

/**
 * Reads what lies beside a model, or around the folder `onnx` that it lies in. What is not there, or
 * is something else under the same name, says nothing.
 */
export async function huggingFaceFiles(modelPath: string): Promise<HuggingFaceFiles> {
  const folder = dirname(modelPath);
  const around = basename(folder) === EXPORTS ? dirname(folder) : null;
  const first = async <Said>(name: string, read: (path: string) => Promise<Said | null>) =>
    (await read(join(folder, name))) ?? (around === null ? null : read(join(around, name)));
  return { pixels: await first(PREPROCESSOR, pixelsIn), labels: await first(CONFIG, labelsIn) };
}

/**
 * Source: `BaseImageProcessor` of transformers. It rescales, takes the offset off, then normalises:
 * (pixel * factor - offset - mean) / std.
 */
async function pixelsIn(path: string): Promise<PixelsBeside | null> {
  const said = preprocessorSchema.safeParse(await jsonIn(path)).data;
  if (said === undefined) return null;
  const factor = said.do_rescale ? said.rescale_factor : 1;
  const offset = said.do_rescale && said.rescale_offset ? 1 : 0;
  const isNormalised = said.do_normalize ?? said.image_mean !== undefined;
  const [means, deviations] = isNormalised ? [said.image_mean!, said.image_std!] : [[0], [1]];
  return {
    path,
    given: {
      mean: means.map((mean) => (offset + mean) / factor),
      scale: deviations.map((deviation) => factor / deviation),
      ...(said.do_flip_channel_order && { channelOrder: "BGR" }),
    },
    sidePx: (said.do_center_crop ? said.crop_size : null) ?? said.size,
  };
}

async function labelsIn(path: string): Promise<readonly string[] | null> {
  const said = configSchema.safeParse(await jsonIn(path)).data;
  if (said === undefined) return null;
  const { id2label } = said;
  const names = Array.from({ length: Object.keys(id2label).length }, (_, i) => id2label[i] ?? "");
  return names.some((name) => UNNAMED.test(name.trim())) ? null : asLabels(names);
}

/** `undefined` where there is no such file, or none of JSON; a field that is `null` is left out. */
async function jsonIn(path: string): Promise<unknown> {
  try {
    const { size: bytes } = await stat(path);
    if (bytes > MOST_BYTES) return undefined;
    const text = await readFile(path, "utf8");
    return JSON.parse(text, (_, value: unknown) => value ?? undefined);
  } catch {
    return undefined;
  }
}
