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

/** A request: the API's model, the drop zone's format, and the documentation of both. */
export const requestSchema = z.discriminatedUnion(
  "method",
  [deepdreamSchema, fourierSchema],
  METHOD_WANTED,
);

const networkOrPath = z
  .string()
  .min(1)
  .describe("id of a registered network, or path of an .onnx file");
const imagePath = z.string().min(1).nullable().default(null).describe("path of an image file");

/** A request on this machine: `network` may be an .onnx file, `initialImage` a path. */
export const localRequestSchema = z.discriminatedUnion(
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
  const drawn = drawnProblems(json);
  if (parsed.success && drawn.length === 0) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  throw new RequestError([...describeIssues(issues, json, schema), ...drawn]);
}

/** Whether a document says what to draw, and once. */
export function drawnProblems(json: unknown): string[] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return [];
  const { channels, targets }: { channels?: unknown; targets?: unknown } = json;
  if (channels !== undefined && targets !== undefined) {
    return ["targets: given beside channels; wanted one of them; remove the other"];
  }
  if (channels !== undefined || targets !== undefined) return [];
  return [`channels: missing; wanted ${CHANNELS_WANTED}; or else targets`];
}
