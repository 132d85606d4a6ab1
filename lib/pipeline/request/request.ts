import { z } from "zod";

import { describeIssues } from "./describe-issues.ts";
import { deepdreamFields } from "./fields/deepdream.ts";
import { CHANNELS_WANTED, commonFields, drawnFields } from "./fields/drawn.ts";
import { fourierFields } from "./fields/fourier.ts";
import { localTargets } from "./fields/targets.ts";
import { MAX_NESTING_DEPTH, nestingDepth } from "./nesting-depth.ts";

export const deepdreamSchema = z.strictObject({
  ...drawnFields,
  ...deepdreamFields,
  ...commonFields,
});
export const fourierSchema = z.strictObject({ ...drawnFields, ...fourierFields, ...commonFields });

const METHOD_WANTED = { error: '"deepdream" or "fourier"' };

/** Adds that a request says what to draw, and once; told beside whatever else is wrong with it. */
function drawnOnce<Schema extends z.ZodType>(schema: Schema): Schema {
  const names = (json: unknown) =>
    ["channels", "targets"].filter(
      (name) => typeof json === "object" && json !== null && Reflect.get(json, name) !== undefined,
    );
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
    });
}

/** A request: the API's model, the drop zone's format, and the documentation of both. */
export const requestSchema = drawnOnce(
  z.discriminatedUnion("method", [deepdreamSchema, fourierSchema], METHOD_WANTED),
);

const networkOrPath = z
  .string()
  .min(1)
  .describe("id of a registered network, or path of an .onnx file");
const imagePath = z.string().min(1).nullable().default(null).describe("path of an image file");

/** A request on this machine: `network` may be an .onnx file, `initialImage` a path. */
export const localRequestSchema = drawnOnce(
  z.discriminatedUnion(
    "method",
    [
      deepdreamSchema.extend({
        network: networkOrPath,
        initialImage: imagePath,
        targets: localTargets,
      }),
      fourierSchema.extend({ network: networkOrPath, targets: localTargets }),
    ],
    METHOD_WANTED,
  ),
);

export type RenderRequest = z.infer<typeof requestSchema>;
export type DeepDreamRequest = Extract<RenderRequest, { readonly method: "deepdream" }>;
export type FourierRequest = Extract<RenderRequest, { readonly method: "fourier" }>;
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

/** @throws RequestError naming every bad field: where, what was given, what is wanted. */
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
  if (nestingDepth(json) > MAX_NESTING_DEPTH) {
    throw new RequestError([
      `request: nested more than ${MAX_NESTING_DEPTH} levels deep; no request is`,
    ]);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new RequestError(describeIssues(parsed.error.issues, json, schema));
}
