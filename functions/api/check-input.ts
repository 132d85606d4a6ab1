import * as z from "zod";

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

export interface InputDefinition<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
> {
  readonly path: Path;
  readonly query: Query;
  /** `schemaName`: in the OpenAPI document; `null` where no body is read. */
  readonly body: { readonly schema: Body; readonly schemaName: string | null };
  readonly takesIdempotencyKey: boolean;
}

/** Input of a route without parameters; other routes override parts. */
export const NO_INPUT = {
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: { schema: z.undefined(), schemaName: null },
  takesIdempotencyKey: false,
} as const;

/** What a request gives a route. @throws ProblemError listing everything that is wrong with it */
export function checkInput<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
>(
  {
    path,
    query,
    body: { schema, schemaName },
    takesIdempotencyKey,
  }: InputDefinition<Path, Query, Body>,
  request: ApiRequest,
): RouteInput<z.output<Path>, z.output<Query>, z.output<Body>> {
  const json = schemaName === null ? undefined : readJsonBody(request);
  const given = { path: pathValues(request, path), query: queryValues(request, query) };
  const inPath = path.safeParse(given.path);
  const inQuery = query.safeParse(given.query);
  const body = schema.safeParse(json);
  const keys = takesIdempotencyKey ? request.header("idempotency-key") : [];
  const [idempotencyKey = null] = keys;
  if (inPath.success && inQuery.success && body.success && keys.length <= 1) {
    const { basePath } = request;
    return { path: inPath.data, query: inQuery.data, body: body.data, idempotencyKey, basePath };
  }
  throw new ProblemError("invalid-request", [
    ...describeIssues(issuesIn("path", inPath.error), given, null),
    ...describeIssues(issuesIn("query", inQuery.error), given, null),
    ...(keys.length > 1 ? [`Idempotency-Key: given ${keys.length} times; wanted once`] : []),
    ...describeIssues(body.error?.issues ?? [], json, schema),
  ]);
}

function issuesIn(where: "path" | "query", error: z.ZodError | undefined) {
  return (error?.issues ?? []).map((issue) => ({ ...issue, path: [where, ...issue.path] }));
}

function pathValues({ path }: ApiRequest, { shape }: ParameterSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(path).map(([name, value]) => [name, asWanted(value, shape[name])]),
  );
}

/** A parameter given twice is a list, which no schema takes. */
function queryValues({ query }: ApiRequest, { shape }: ParameterSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, values]) => {
      const [first = ""] = values;
      return [name, values.length > 1 ? values : asWanted(first, shape[name])];
    }),
  );
}

/** A number or a boolean where one is wanted: job ids may consist of digits too. */
function asWanted(value: string, schema: z.core.$ZodType | undefined): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return asWanted(value, schema.unwrap());
  }
  if (schema instanceof z.ZodNumber && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (schema instanceof z.ZodBoolean && /^(?:true|false)$/.test(value)) return value === "true";
  return value;
}
