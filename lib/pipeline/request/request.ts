import * as z from "zod";

import { describeIssues } from "./describe-issues.ts";
import { deepdreamFields } from "./fields/deepdream.ts";
import { CHANNELS_WANTED, commonFields, DEFAULT_OBJECTIVE, drawnFields } from "./fields/drawn.ts";
import { fourierFields } from "./fields/fourier.ts";
import { isMap, localTargets, oneOfThem } from "./fields/targets.ts";
import { MAX_SCHEMA_ADDRESS_LENGTH } from "../limits.ts";
import { nestingProblem } from "./nesting-problem.ts";

export const deepdreamSchema = z.strictObject({
  ...drawnFields,
  ...deepdreamFields,
  ...commonFields,
});
export const fourierSchema = z.strictObject({ ...drawnFields, ...fourierFields, ...commonFields });

/** What a document says of itself, for editors: it changes neither the images nor the job's id. */
const aboutItself = {
  $schema: z
    .string()
    .max(MAX_SCHEMA_ADDRESS_LENGTH)
    .optional()
    .describe("address or path of this schema, for editors; changes nothing"),
};

const METHOD_WANTED = { error: '"deepdream" or "fourier"' };

/** What says what is drawn; a request has one of them. */
const DRAWN = ["channels", "targets"] as const;

/** Adds that a request says what to draw, and once; told beside whatever else is wrong with it. */
function drawnOnce<Schema extends z.ZodType>(schema: Schema): Schema {
  const names = (json: unknown) =>
    DRAWN.filter((name) => Reflect.get(Object(json), name) !== undefined);
  // what is no object at all is told of otherwise
  const when = ({ value }: { readonly value: unknown }) =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return schema
    .refine((json) => names(json).length > 0, {
      path: ["channels"],
      error: `${CHANNELS_WANTED}; or else targets`,
      when,
    })
    .refine((json) => names(json).length < 2, {
      path: ["targets"],
      error: "either channels or targets; remove one of them",
      when,
    })
    .meta(oneOfThem(DRAWN));
}

const MAP_WANTED =
  "channels, or a target that is a map of them, to apply it to: no at, direction, activationOf or layer; remove it";

/**
 * Adds that what says how maps are raised comes with targets that are maps, some at least. What it
 * is by default may stand there: completed requests have it written out.
 */
function raisedOfMaps<Schema extends z.ZodType<RenderRequest>>(schema: Schema): Schema {
  const isOfUse = ({ targets }: RenderRequest) => targets === undefined || targets.some(isMap);
  return schema
    .refine(
      (request) => isOfUse(request) || request.objective === DEFAULT_OBJECTIVE[request.method],
      {
        path: ["objective"],
        error: MAP_WANTED,
      },
    )
    .refine((request) => isOfUse(request) || request.method === "deepdream" || !request.contrast, {
      path: ["contrast"],
      // a form may have it from a recipe
      error: `${MAP_WANTED}, or give 0`,
    });
}

/** A request: the API's model, the drop zone's format, and the documentation of both. */
export const requestSchema = raisedOfMaps(
  drawnOnce(
    z.discriminatedUnion(
      "method",
      [deepdreamSchema.extend(aboutItself), fourierSchema.extend(aboutItself)],
      METHOD_WANTED,
    ),
  ),
);

const networkOrPath = z
  .string()
  .min(1)
  .describe("id of a registered network, or path of an .onnx file");
const imagePath = z
  .string()
  .min(1)
  .nullable()
  .default(null)
  .describe("path of a PNG, JPEG or WebP; null: standard-normal noise");

/** A request on this machine: `network` may be an .onnx file, `initialImage` a path. */
export const localRequestSchema = raisedOfMaps(
  drawnOnce(
    z.discriminatedUnion(
      "method",
      [
        deepdreamSchema.extend({
          ...aboutItself,
          network: networkOrPath,
          initialImage: imagePath,
          targets: localTargets,
        }),
        fourierSchema.extend({ ...aboutItself, network: networkOrPath, targets: localTargets }),
      ],
      METHOD_WANTED,
    ),
  ),
);

type DeepDreamRequest = z.infer<typeof deepdreamSchema>;
export type FourierRequest = z.infer<typeof fourierSchema>;
export type RenderRequest = DeepDreamRequest | FourierRequest;
/** A request as written by a user: fields with a default may be left out. */
export type RenderRequestInput = z.input<typeof requestSchema>;

/** The request cannot be rendered as it stands. Every problem found is listed, one line each. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/**
 * What a request may be, as JSON Schema 2020-12; on one machine networks and images may be paths.
 */
export function requestJsonSchema(where: "cloud" | "one machine"): z.core.JSONSchema.BaseSchema {
  const schema = where === "cloud" ? requestSchema : localRequestSchema;
  return { title: "dreamgrid render request", ...z.toJSONSchema(schema, { io: "input" }) };
}

/** Checks a request. @throws RequestError naming every bad field: where, given what, wanted what */
export function parseRequest(json: unknown): RenderRequest {
  return parseWith(requestSchema, json);
}

/** As `parseRequest`, with paths allowed where they are on one machine. */
export function parseLocalRequest(json: unknown): RenderRequest {
  return parseWith(localRequestSchema, json);
}

/** The image to start from, by its key or path; `null` where the ascent begins with noise. */
export function initialImageOf(request: RenderRequest): string | null {
  return request.method === "deepdream" ? request.initialImage : null;
}

function parseWith(
  schema: typeof requestSchema | typeof localRequestSchema,
  json: unknown,
): RenderRequest {
  const nesting = nestingProblem(json);
  if (nesting !== null) throw new RequestError([`request: ${nesting}`]);
  const parsed = schema.safeParse(json);
  if (parsed.success) {
    const { $schema: _, ...request } = parsed.data;
    return request;
  }
  throw new RequestError(describeIssues(parsed.error.issues, json, schema));
}
