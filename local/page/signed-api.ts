import { SignatureV4 } from "@smithy/signature-v4";
import type { APIGatewayProxyResult } from "aws-lambda";

import { type ApiEvent, decodeEvent } from "../../functions/api/api-request.ts";
import { ProblemError, problemReply } from "../../functions/api/problem.ts";
import { messageOf } from "../../lib/onnx/errors.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import type { ApiHandler } from "../api-adapter.ts";

/** What the page sends that the API reads. */
const FORWARDED = ["content-type", "idempotency-key"];
/** What the API answers that the page reads. */
const RETURNED = ["content-type", "location", "cache-control", "allow"];

/** API Gateway gives up after 29 s; the rest is for a long answer over a slow line. */
const TIMEOUT_MS = 60_000;

export interface SignedApiOptions {
  /** Of the stack's usage plan, to be sent in place of a signature. @default requests are signed */
  readonly apiKey?: string | undefined;
  /** Of a request and its whole answer. @default 60 s */
  readonly timeoutMs?: number;
}

/**
 * A deployed API, called as if it were here: each request goes on to it, signed with the
 * credentials of the AWS command line, or with a key. The browser sees neither.
 *
 * @param api its address, stage included
 */
export function signedApi(
  api: URL,
  region: string,
  { apiKey, timeoutMs = TIMEOUT_MS }: SignedApiOptions = {},
): ApiHandler {
  const { credentials, sha256 } = createS3Client().config;
  const signer = new SignatureV4({ service: "execute-api", region, credentials, sha256 });
  const permit: Permit = async (request) =>
    apiKey === undefined
      ? (await signer.sign(request)).headers
      : { ...request.headers, "x-api-key": apiKey };
  return async (event) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await forward(event, api, { permit, signal });
    } catch (error) {
      if (error instanceof ProblemError) return problemReply(error);
      const reason = signal.aborted
        ? `it did not answer within ${timeoutMs / 1_000} s`
        : messageOf(error);
      const problem = `the API at ${api.href} cannot be called: ${reason}`;
      return problemReply(new ProblemError("internal", [problem]));
    }
  };
}

interface OutgoingRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Record<string, string[]>;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array;
}

/** The request's headers, with what lets it in. */
type Permit = (request: OutgoingRequest) => Promise<Record<string, string>>;

async function forward(
  event: ApiEvent,
  api: URL,
  { permit, signal }: { readonly permit: Permit; readonly signal: AbortSignal },
): Promise<APIGatewayProxyResult> {
  const { httpMethod: method, path } = event;
  const { query, header, body } = decodeEvent(event, {});
  const stage = api.pathname.replace(/\/$/, "");
  const url = new URL(api);
  // set, and not resolved: a path such as `//host` names no other host then
  url.pathname = `${stage}${path}`;
  if (!url.pathname.startsWith(`${stage}/`)) {
    throw new ProblemError("invalid-request", [`path: '${path}' leads out of the API`]);
  }
  for (const [name, values] of Object.entries(query)) {
    for (const value of values) url.searchParams.append(name, value);
  }
  const sent = FORWARDED.flatMap((name) => {
    const [value] = header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const content = body.byteLength > 0 ? { body } : {};
  const headers = await permit({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query: Object.fromEntries(
      [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
    ),
    headers: { host: url.host, ...Object.fromEntries(sent) },
    ...content,
  });
  const response = await fetch(url, { method, headers, redirect: "manual", signal, ...content });
  const returned = RETURNED.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    statusCode: response.status,
    headers: Object.fromEntries(returned),
    body: await response.text(),
  };
}
