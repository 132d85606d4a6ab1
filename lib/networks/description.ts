import { z } from "zod";

import { DescriptionError } from "./errors.ts";

/** File name of every description: `<folder>/<id>/network.json`. */
export const DESCRIPTION_FILE = "network.json";

/** Ids are folder names and parts of bucket keys: no slash, no dot first. */
export const NETWORK_ID = /^(?=.{1,64}$)[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;

const fileName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, { error: "want a plain file name, without a folder" });

const finite = z.number({ error: "want a finite number" });
const triple = z
  .tuple([finite, finite, finite], { error: "want three numbers, one per channel" })
  .readonly();
export type Triple = z.infer<typeof triple>;
const pixels = z.int({ error: "want whole pixels" }).min(1, { error: "want at least 1 pixel" });

const modelFileSchema = z.strictObject({
  /** Name inside the network's folder. */
  file: fileName,
  sha256: z
    .string({ error: "want a SHA-256" })
    .regex(/^[0-9a-f]{64}$/, { error: "want 64 lower-case hexadecimal digits" }),
  sizeBytes: z.int().min(1).nullable().default(null),
  /** Address to fetch it from; `null` for a file that has to be there. */
  source: z
    .url({ protocol: /^https?$/, error: "want an http or https address, or null" })
    .nullable()
    .default(null),
});

/** One set of bytes that is this network, where it is called `file`. */
export type ModelFile = Readonly<z.infer<typeof modelFileSchema>>;

const inputSchema = z.strictObject({
  /** Name of the graph's image input. */
  name: z.string().min(1, { error: "want the name of the graph's image input" }),
  /** Also the size of the initial noise. */
  width: pixels,
  height: pixels,
  channelOrder: z.enum(["RGB", "BGR"], { error: 'want "RGB" or "BGR"' }),
  /** Subtracted per channel, in `channelOrder`, in units of 0..255. */
  mean: triple,
  /** The network sees (value - mean) * scale, value in 0..255, in `channelOrder`. */
  scale: triple
    .refine((scale) => !scale.includes(0), { error: "0 would erase a channel" })
    .default([1, 1, 1]),
});

export type NetworkInput = Readonly<z.infer<typeof inputSchema>>;

const descriptionSchema = z.strictObject({
  id: z.string().regex(NETWORK_ID, { error: "want letters, digits, '_', '-' and '.', at most 64" }),
  licence: z.string().min(1, { error: 'want the licence\'s name, or "unknown"' }),
  /** Files accepted as the model, in the order of preference. */
  files: z
    .array(modelFileSchema)
    .min(1, { error: "want at least one file" })
    .refine((files) => new Set(files.map(({ file }) => file)).size === files.length, {
      error: "two entries have the same name",
    }),
  input: inputSchema,
  /** Name of the file with one class name a line, beside the model or the description. */
  labels: fileName.nullable().default(null),
});

/** What `network.json` says about a network. */
export type NetworkDescription = Readonly<z.infer<typeof descriptionSchema>>;

/**
 * Checks a parsed `network.json` and fills in its defaults.
 *
 * @param where the file's path, for the message
 * @throws DescriptionError naming every bad field
 */
export function parseDescription(json: unknown, where: string): NetworkDescription {
  const parsed = descriptionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.join(".") || "the file";
    return `${path}: ${uncapitalised(issue.message)}`;
  });
  throw new DescriptionError(`${where} is not a network's description: ${problems.join("; ")}`);
}

/**
 * Checks the description of the network in the folder `id`; as `parseDescription`, and its id too.
 */
export function parseDescriptionIn(id: string, json: unknown, where: string): NetworkDescription {
  const description = parseDescription(json, where);
  if (description.id === id) return description;
  throw new DescriptionError(
    `${where}: its id is '${description.id}' but its folder '${id}'; give both the same name`,
  );
}

function uncapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
