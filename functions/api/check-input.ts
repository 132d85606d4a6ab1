import { z } from "zod";

import { describeIssues } from "../../lib/pipeline/request/describe-issues.ts";
import type { ApiRequest } from "./api-request.ts";
import { ProblemError } from "./problem.ts";
import { readJsonBody } from "./read-json-body.ts";

/** What a route's handler is given, checked. */
export interface RouteInput<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly idempotencyKey: string | null;
  /** What comes before the API's own paths in addresses: a stage such as "/prod", or "". */
  readonly basePath: string;
}

/** Values of `{name}` in a path, or of a query. */
export type ParameterSchema = z.ZodObject;

export interface BodyDefinition<Body extends z.ZodType> {
  readonly schema: Body;
  /** In the OpenAPI document; `null` where no body is read. */
  readonly schemaName: string | null;
}

export const NO_BODY: BodyDefinition<z.ZodUndefined> = {
  schema: z.undefined(),
  schemaName: null,
};

export interface InputDefinition<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
> {
  readonly path: Path;
  readonly query: Query;
  readonly body: BodyDefinition<Body>;
  readonly takesIdempotencyKey: boolean;
}

/** @throws ProblemError listing everything that is wrong with the request */
export function checkInput<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
>(
  definition: InputDefinition<Path, Query, Body>,
  request: ApiRequest,
): RouteInput<z.output<Path>, z.output<Query>, z.output<Body>> {
  const json = definition.body.schemaName === null ? undefined : readJsonBody(request);
  const path = check(definition.path, request.path, "path");
  const query = check(definition.query, queryValues(request, definition.query), "query");
  const body = check(definition.body.schema, json, null);
  const key = definition.takesIdempotencyKey ? idempotencyKey(request) : { value: null };
  const problems = [path, query, key, body].flatMap((part) => part.problems ?? []);
  if ("problems" in path || "problems" in query || "problems" in key || "problems" in body) {
    throw new ProblemError("invalid-request", problems);
  }
  return {
    path: path.value,
    query: query.value,
    body: body.value,
    idempotencyKey: key.value,
    basePath: request.basePath,
  };
}

type Checked<T> =
  { readonly value: T; readonly problems?: never } | { readonly problems: readonly string[] };

/** @param where put before the names of fields; `null` for the body, whose fields users know */
function check<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  where: string | null,
): Checked<z.output<Schema>> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  if (where === null) return { problems: describeIssues(parsed.error.issues, given, fields) };
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [where, ...issue.path] }));
  return { problems: describeIssues(issues, { [where]: given }, fields) };
}

/** Numbers where they are wanted; a parameter given twice is a list, which no schema takes. */
function queryValues({ query }: ApiRequest, { shape }: ParameterSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, values]) => {
      const [first = ""] = values;
      if (values.length > 1) return [name, values];
      const isNumber = /^\d{1,15}$/.test(first) && wantsNumber(shape[name]);
      return [name, isNumber ? Number(first) : first];
    }),
  );
}

/** Job ids may consist of digits too. */
function wantsNumber(schema: z.core.$ZodType | undefined): boolean {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return wantsNumber(schema.unwrap());
  }
  return schema instanceof z.ZodNumber;
}

function idempotencyKey(request: ApiRequest): Checked<string | null> {
  const values = request.header("idempotency-key");
  const [first = null] = values;
  if (values.length <= 1) return { value: first };
  return { problems: [`Idempotency-Key: given ${values.length} times; wanted once`] };
}
