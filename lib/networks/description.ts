import { posix } from "node:path";

import * as z from "zod";

import { DescriptionError } from "./errors.ts";
import { externalFilesOf, type ModelFile } from "./network-files.ts";
import { networkInputSchema } from "./network-input.ts";

/** File name of every description: `<folder>/<id>/network.json`. */
export const DESCRIPTION_FILE = "network.json";

/** Ids are folder names and parts of bucket keys: no slash, no dot first. */
export const NETWORK_ID = /^(?=.{1,64}$)[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;
/** That in words. */
export const NETWORK_ID_FORM =
  "1 to 64 letters, digits, '_' and '-', the first a letter or digit; '.' between two of them";

const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/, {
  error: "want a plain file name, of letters, digits, '_' and '-', '.' between two of them",
});

const checksum = z
  .string({ error: "want a SHA-256" })
  .regex(/^[0-9a-f]{64}$/, { error: "want 64 lower-case hexadecimal digits" });
const byteCount = z.int().min(1).nullable().default(null);
const address = z
  .url({ protocol: /^https?$/, error: "want an http or https address, or null" })
  .nullable()
  .default(null);

/** Files of weights that one network may have: some exporters write one for each weight. */
const MAX_EXTERNAL_FILES = 2_000;

const externalFileSchema = z.strictObject({
  location: z
    .string()
    .max(255, { error: "want at most 255 characters" })
    .regex(/^(?!\/|[A-Za-z]:|(?:.*\/)?\.\.(?:\/|$))[^\\\p{Cc}]+$/u, {
      error: "want a path inside the model's folder, '/' between folders",
    }),
  sha256: checksum,
  sizeBytes: byteCount,
  source: address,
});

const modelFileSchema = z.strictObject({
  file: fileName,
  sha256: checksum,
  sizeBytes: byteCount,
  source: address,
  externalData: z.array(externalFileSchema).min(1).max(MAX_EXTERNAL_FILES).readonly().optional(),
}) satisfies z.ZodType<ModelFile>;

/** What layers see, by which networks have recipes: `lib/pipeline/request/layer-role.ts`. */
export const LAYER_ROLES = ["whole", "first", "middle"] as const;
/** That in words. */
const ROLES_FORM = LAYER_ROLES.map((role) => `"${role}"`).join(", ");

const recipe = z
  .record(z.string(), z.json(), { error: "want fields of a request, by their names" })
  .readonly();

const descriptionSchema = z
  .strictObject({
    id: z.string().regex(NETWORK_ID, { error: `want ${NETWORK_ID_FORM}` }),
    licence: z.string().min(1, { error: 'want the licence\'s name, or "unknown"' }),
    /** Files accepted as the model, in the order of preference. */
    files: z
      .array(modelFileSchema)
      .min(1, { error: "want at least one file" })
      .refine((files) => new Set(files.map(({ file }) => file)).size === files.length, {
        error: "two entries have the same name",
      }),
    input: networkInputSchema,
    /** Name of the file with one class name a line, beside the model or the description. */
    labels: fileName.nullable().default(null),
    /** How layers are drawn where nothing is said: fields of a request, which checks them. */
    recipes: z
      .partialRecord(z.enum(LAYER_ROLES), recipe, { error: `want recipes by ${ROLES_FORM}` })
      .readonly()
      .optional(),
  })
  .superRefine(({ files, labels }, context) => {
    const taken = new Set([DESCRIPTION_FILE, labels, ...files.map(({ file }) => file)]);
    for (const { location } of files.flatMap(externalFilesOf)) {
      if (!taken.has(posix.normalize(location))) continue;
      context.addIssue({
        code: "custom",
        path: ["files"],
        message: `external data '${location}' has the name of another file`,
      });
    }
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
  const parsed = descriptionSchema.safeParse(json, {
    // of what is missing, or of another type, where the schema has no words of its own
    error: (issue) =>
      issue.code === "invalid_type" ? `want a value of type ${issue.expected}` : undefined,
  });
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
