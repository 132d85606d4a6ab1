import type { APIGatewayEventRequestContext, APIGatewayProxyEvent } from "aws-lambda";

/** What the API reads of a REST API's proxy event; the local adapter makes the same. */
export type ApiEvent = Pick<
  APIGatewayProxyEvent,
  | "httpMethod"
  | "path"
  | "multiValueHeaders"
  | "multiValueQueryStringParameters"
  | "body"
  | "isBase64Encoded"
> & {
  readonly requestContext: Pick<APIGatewayEventRequestContext, "path">;
  /** The template that API Gateway found. @default `path` is the API's own */
  readonly resource?: string;
};

/** A request that has found its route; nothing in it has been checked. */
export interface ApiRequest {
  /** Values of the template's names, percent-encoding and all. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, readonly string[]>>;
  /** All values a header was sent with; `name` in lower case. */
  readonly header: (name: string) => readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** What comes before the API's own paths in addresses: a stage such as "/prod", or "". */
  readonly basePath: string;
}

export function decodeEvent(event: ApiEvent, path: Readonly<Record<string, string>>): ApiRequest {
  const headers = Object.entries(event.multiValueHeaders ?? {});
  const query = Object.entries(event.multiValueQueryStringParameters ?? {});
  return {
    path,
    query: Object.fromEntries(query.map(([name, values]) => [name, values ?? []])),
    header: (name) =>
      headers.flatMap(([key, values]) => (key.toLowerCase() === name ? (values ?? []) : [])),
    body: Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8"),
    basePath: basePathOf(event),
  };
}

/**
 * The path as the API's templates have it. A domain name of the account can be mapped to the API
 * with a path before it, which API Gateway leaves in the event's; so it does with a slash at the
 * end, of which it takes no notice itself.
 */
export function ownPath({ path, resource }: ApiEvent): string {
  if (resource === undefined) return path;
  const parts = resource.split("/").length - (path.endsWith("/") ? 0 : 1);
  return `/${path.split("/").slice(-parts).join("/")}`;
}

/** The context has the path as the client sent it, stage included. */
function basePathOf(event: ApiEvent): string {
  const [sent, own] = [event.requestContext.path, ownPath(event)];
  return sent.endsWith(own) ? sent.slice(0, -own.length) : "";
}
