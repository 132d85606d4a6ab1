import type { ApiDeps } from "../../../functions/api/route.ts";
import { createHandler } from "../../../functions/api/handler.ts";
import { LINK_SECONDS, type ObjectLinks } from "../../../lib/storage/object-store.ts";
import { checkAnswer } from "../../support/check-answer.ts";
import type { MemoryPipeline } from "../../support/memory-pipeline.ts";
import { silentLog } from "../../support/silent-log.ts";

/** Links that say what they permit. */
export const plainLinks: ObjectLinks = {
  linkToGet: async (key) => `https://bucket.invalid/${key}?seconds=${LINK_SECONDS}`,
  linkToPut: async (key, { contentType, sizeBytes }) => ({
    url: `https://bucket.invalid/${key}?seconds=${LINK_SECONDS}`,
    headers: { "Content-Type": contentType, "Content-Length": String(sizeBytes) },
  }),
};

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface CallOptions {
  /** Sent as it is if a string, else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Put before the path, as a REST API's stage is. */
  readonly stage?: string;
  /** Put before both, as a domain name's mapping is. */
  readonly domainPath?: string;
}

export type ApiCall = (
  method: string,
  pathAndQuery: string,
  options?: CallOptions,
) => Promise<ApiAnswer>;

/**
 * Calls the API's handler as a REST API would; every answer is held against the OpenAPI document.
 */
export function apiClient(pipeline: MemoryPipeline, overrides: Partial<ApiDeps> = {}): ApiCall {
  const handler = createHandler({
    ...pipeline.deps,
    links: plainLinks,
    newId: () => "upload-1",
    log: silentLog,
    ...overrides,
  });
  return async (method, pathAndQuery, { body, headers = {}, stage = "", domainPath = "" } = {}) => {
    const [path = "", query = ""] = pathAndQuery.split("?");
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const all = {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    };
    const result = await handler({
      httpMethod: method,
      resource: path.replace(/(?<=.)\/$/, ""),
      path: `${domainPath}${path}`,
      multiValueHeaders: Object.fromEntries(
        Object.entries(all).map(([name, values]) => [name, [values].flat()]),
      ),
      multiValueQueryStringParameters: multiValues(query),
      body: sent ?? null,
      isBase64Encoded: false,
      requestContext: { path: `${domainPath}${stage}${path}` },
    });
    const answered: unknown = JSON.parse(result.body);
    const contentType = String(result.headers?.["Content-Type"]);
    checkAnswer({ method, path, status: result.statusCode, contentType, body: answered });
    return { status: result.statusCode, headers: result.headers ?? {}, body: answered };
  };
}

function multiValues(query: string): Record<string, string[]> {
  const parameters = new URLSearchParams(query);
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]),
  );
}
