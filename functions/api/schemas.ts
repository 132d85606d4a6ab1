import * as z from "zod";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import { NETWORK_ID, NETWORK_ID_FORM } from "../../lib/networks/description.ts";
import { DEFAULT_ATLAS_CHANNELS } from "../../lib/pipeline/atlas/default-channels.ts";
import { estimateSchema } from "../../lib/pipeline/job/estimate.ts";
import { qualitySchema } from "../../lib/pipeline/job/quality.ts";
import { channelResultSchema } from "../../lib/pipeline/job/result.ts";
import { countFields, statusStateSchema } from "../../lib/pipeline/job/tally.ts";
import { JOB_ID, JOB_ID_FORM, MODEL_FILE_FORM, MODEL_FILE_NAME } from "../../lib/pipeline/keys.ts";
import {
  MAX_ATLAS_LAYERS,
  MAX_INITIAL_IMAGE_BYTES,
  MAX_MODEL_BYTES,
  MAX_MODEL_TEXT_BYTES,
  MAX_NAME_LENGTH,
} from "../../lib/pipeline/limits.ts";
import { nameOrIndex } from "../../lib/pipeline/request/fields/drawn.ts";

/* The one description of what the API takes and gives; the OpenAPI document is made of it. */

export const problemSchema = z
  .strictObject({
    type: z.string().describe("what kind of problem it is; stable, to branch on"),
    title: z.string(),
    status: z.int().describe("the HTTP status"),
    detail: z.string().describe("all problems in one line"),
    problems: z
      .array(z.string())
      .min(1)
      .describe("every problem found: where, what was given, what is wanted"),
  })
  .describe("problem document of RFC 9457");

export const jobIdSchema = z.string().regex(JOB_ID, { error: JOB_ID_FORM }).describe("id of a job");

export const networkIdSchema = z
  .string()
  .regex(NETWORK_ID, { error: NETWORK_ID_FORM })
  .describe("id of a network");

export const dryRunField = z
  .boolean()
  .default(false)
  .describe("says what it would take, and begins nothing");

export const linkSchema = z.string().describe("address, relative to the host");
const presigned = z
  .url()
  .describe(
    "presigned link: good for an hour without credentials, or until those of its signer end; each answer has a fresh one",
  );

export const acceptedSchema = z.strictObject({
  jobId: jobIdSchema,
  total: z.int().min(1).describe("number of channels that will be rendered"),
  estimate: estimateSchema.nullable(),
  links: z.strictObject({ self: linkSchema }),
});

const jobSummarySchema = z.strictObject({
  jobId: jobIdSchema,
  state: statusStateSchema.describe("the last three are final"),
  network: z.string(),
  layer: z.strictObject({ index: z.int().min(1).describe("1-based"), name: z.string() }),
  provider: z
    .enum(PROVIDERS)
    .describe("of the workers it is planned for; on one machine `auto` may draw on a GPU besides"),
  createdAt: z.iso.datetime(),
  completedAt: z.iso.datetime().nullable(),
  ...countFields,
  iterations: z
    .strictObject({ done: z.int().min(0), total: z.int().min(1) })
    .describe(
      "ascent iterations of all its images: of those that failed all count as done, as nothing is left to do, of those that were cancelled none, of those being rendered so many as are known",
    ),
  secondsLeft: z
    .number()
    .min(0)
    .nullable()
    .describe("at the speed so far; null before there is one, and where it has none left"),
  pictures: z
    .array(z.int().min(1))
    .describe(
      "channels that show what its pictures are like: the first that have one; none while it goes on and some have failed",
    ),
  links: z.strictObject({ self: linkSchema }),
});

const channelSchema = z.strictObject({
  channel: z.int().min(1).describe("1-based"),
  label: z.string().nullable(),
  state: z.enum(["waiting", "ok", "failed", "cancelled"]),
  activation: z.number().nullable().describe("activation strength of the finished image"),
  tile: presigned.nullable(),
  raw: presigned.nullable().describe(".npy with the raw values, where output scaling is off"),
  reason: z.string().nullable().describe("why it failed"),
  quality: qualitySchema.nullable().describe("figures of the finished image, as people see it"),
});

const sheetSchema = z.strictObject({
  montage: presigned.describe("the sheet, or where it is cut into pages, a reduced one"),
  manifest: presigned.describe("what is where on the sheet, and the pages of a large one"),
  notices: z.array(z.string()).describe("what one would not expect of it, in sentences"),
  deepZoom: z
    .strictObject({ width: z.int().min(1), height: z.int().min(1), pieceSize: z.int().min(1) })
    .nullable()
    .describe(
      "pixels of a sheet that is too large for one image, and of the pieces it is cut into",
    ),
});

export const jobSchema = jobSummarySchema.extend({
  request: z
    .record(z.string(), z.unknown())
    .describe("in normal form: with all defaults, layer and channels as indices"),
  shortest: z
    .record(z.string(), z.unknown())
    .describe("the same request with the fewest fields: no defaults, a preset for its parameters"),
  tileSize: z
    .strictObject({ width: z.int().min(1), height: z.int().min(1) })
    .describe("pixels of each image"),
  estimate: estimateSchema.nullable(),
  sheet: sheetSchema.nullable().describe("null until every channel has ended"),
  channels: z.array(channelSchema).describe("one page, in the order of the sheet"),
  links: z.strictObject({
    self: linkSchema,
    next: linkSchema.nullable().describe("next page of channels"),
  }),
});

export const channelResultDocumentSchema = channelResultSchema;

export const redirectSchema = z.strictObject({ url: presigned });

export const jobListSchema = z.strictObject({
  jobs: z.array(jobSummarySchema).describe("in the order of their ids"),
  problems: z.array(z.string()).describe("jobs whose objects are damaged, and how"),
  links: z.strictObject({ next: linkSchema.nullable() }),
});

export const uploadRequestSchema = z.discriminatedUnion(
  "kind",
  [
    z
      .strictObject({
        kind: z.literal("image"),
        contentType: z.enum(["image/png", "image/jpeg", "image/webp"]),
        sizeBytes: z.int().min(1).max(MAX_INITIAL_IMAGE_BYTES),
        name: z
          .string()
          .max(MAX_NAME_LENGTH)
          .optional()
          .describe("of its file, which labels of a caricature have"),
      })
      .describe("an image to start from; name its key as initialImage"),
    z
      .strictObject({
        kind: z.literal("model"),
        network: networkIdSchema,
        file: z
          .string()
          .regex(MODEL_FILE_NAME, { error: MODEL_FILE_FORM })
          .describe(
            "weights beside a model: as it calls them, or data-<SHA-256> if it cannot be so",
          ),
        sizeBytes: z
          .int()
          .min(1)
          .max(MAX_MODEL_BYTES)
          .describe(`of network.json and of a .txt at most ${MAX_MODEL_TEXT_BYTES}`),
      })
      .describe("a file of a new network; network.json goes last and publishes it"),
  ],
  { error: '"image" or "model"' },
);

export const uploadSchema = z.strictObject({
  key: z.string().describe("where the object will be"),
  method: z.literal("PUT"),
  url: z.url().describe("where to send the bytes, until expiresAt; if refused, ask for another"),
  headers: z.record(z.string(), z.string()).describe("to be sent as they are"),
  expiresAt: z.iso.datetime(),
});

export const atlasNameSchema = networkIdSchema.describe("name of an atlas");

export const atlasRequestSchema = z.strictObject({
  network: networkIdSchema,
  name: atlasNameSchema.optional().describe("name of the atlas; left out, the network's id"),
  layers: z
    .array(nameOrIndex("a layer"))
    .min(1)
    .max(MAX_ATLAS_LAYERS)
    .optional()
    .describe("names or 1-based indices; left out, every convolution, and the classifier"),
  channels: z
    .string()
    .default(DEFAULT_ATLAS_CHANNELS)
    .describe(
      'a range such as "1:64": of each layer those that it has of them; a layer that has none is left out, or is an error where it is named',
    ),
  dryRun: dryRunField,
});

const atlasLayerFields = {
  index: z.int().min(1).describe("1-based"),
  name: z.string(),
  jobId: jobIdSchema,
  total: z.int().min(1).describe("number of channels"),
  links: z.strictObject({ self: linkSchema }),
};
const atlasFields = {
  name: z.string(),
  network: z.string(),
  createdAt: z.iso.datetime(),
  total: z.int().min(1).describe("number of images of all layers"),
  links: z.strictObject({ self: linkSchema }),
};

export const acceptedAtlasSchema = z.strictObject({
  ...atlasFields,
  estimate: estimateSchema,
  layers: z.array(z.strictObject(atlasLayerFields)).describe("in the network's order"),
});

export const atlasDocumentSchema = z.strictObject({
  ...atlasFields,
  layers: z
    .array(
      z.strictObject({
        ...atlasLayerFields,
        job: jobSummarySchema.nullable().describe("null until it has been accepted"),
      }),
    )
    .describe("in the network's order"),
});
