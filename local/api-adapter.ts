import { once } from "node:events";
import { createServer, type IncomingMessage, maxHeaderSize, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import type { APIGatewayProxyResult } from "aws-lambda";

import type { ApiEvent } from "../functions/api/api-request.ts";
import { PROBLEM_CONTENT_TYPE, ProblemError, problemReply } from "../functions/api/problem.ts";
import { MAX_REQUEST_BYTES } from "../lib/pipeline/limits.ts";

export type ApiHandler = (event: ApiEvent) => Promise<APIGatewayProxyResult>;

export interface ApiServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Lets running requests end, then drops what is left after two seconds. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** A REST API answers within 29 seconds or not at all. */
const BODY_TIMEOUT_MS = 29_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CLOSE_GRACE_MS = 2_000;
/** Read and thrown away, so that a client which sends too much still hears that it did. */
const MAX_DISCARDED_BYTES = 10_000_000;

/**
 * What the server offers besides the API, such as the page. Of requests for this host alone.
 *
 * @returns whether it has answered; if not, the API does
 */
export type Beside = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<boolean>;

/**
 * Serves the API's handler on the loopback interface, as a REST API does in the cloud.
 *
 * @param bodyMs how long the body of a request to the API may take
 */
export async function startApiServer(
  handler: ApiHandler,
  port: number,
  beside: Beside,
  { bodyMs = BODY_TIMEOUT_MS }: { readonly bodyMs?: number } = {},
): Promise<ApiServer> {
  const server = createServer(
    // the page's files may take their time: only the API's bodies have a limit
    { requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS },
    (incoming, outgoing) => void answer({ handler, beside, bodyMs }, incoming, outgoing),
  );
  server.on("clientError", refuse);
  await once(server.listen(port, LOOPBACK), "listening");
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    close: () => {
      setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
      return server[Symbol.asyncDispose]();
    },
  };
}

interface Answering {
  readonly handler: ApiHandler;
  readonly beside: Beside;
  readonly bodyMs: number;
}

async function answer(
  { beside, ...api }: Answering,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    if (isForUs(incoming) && (await beside(incoming, outgoing))) return;
    const { statusCode, headers = {}, body } = await apiReply(incoming, api);
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, String(value));
    // what is left of a body that is too long or too slow is not read
    if (!incoming.complete) outgoing.setHeader("Connection", "close");
    outgoing.writeHead(statusCode, { "Content-Length": Buffer.byteLength(body) });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  } catch {
    // the handler answers whatever happens: it is the client that has gone
    outgoing.destroy();
  }
}

async function apiReply(
  incoming: IncomingMessage,
  { handler, bodyMs }: Omit<Answering, "beside">,
): Promise<APIGatewayProxyResult> {
  if (!isForUs(incoming)) return foreignHost(incoming);
  const body = await bodyWithin(bodyMs, incoming);
  if (body !== null) return handler(toEvent(incoming, body));
  const problem = `request: its body was not here within ${bodyMs / 1000} seconds; send it anew`;
  return problemReply(new ProblemError("invalid-request", [problem]));
}

/** Answers what Node cannot parse: not HTTP, or headers that are too long. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const reason =
    error.code === "HPE_HEADER_OVERFLOW"
      ? `address and headers are longer than ${maxHeaderSize} bytes; send less`
      : `not HTTP as the server reads it: ${error.message}`;
  const { body } = problemReply(new ProblemError("invalid-request", [`request: ${reason}`]));
  socket.end(
    [
      "HTTP/1.1 400 Bad Request",
      `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}

/** Refuses other host names: a web page could point one here and read our answers. */
function isForUs({ headers: { host = "" } }: IncomingMessage): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host);
}

function foreignHost({ headers: { host = "" } }: IncomingMessage): APIGatewayProxyResult {
  const problem = `Host: given '${host.slice(0, 80)}'; wanted localhost or ${LOOPBACK}`;
  return problemReply(new ProblemError("invalid-request", [problem]));
}

function toEvent(incoming: IncomingMessage, body: Buffer): ApiEvent {
  const [path = "/", ...rest] = (incoming.url ?? "/").split("?");
  const query = new URLSearchParams(rest.join("?"));
  return {
    httpMethod: incoming.method ?? "GET",
    path,
    multiValueHeaders: { ...incoming.headersDistinct },
    multiValueQueryStringParameters: Object.fromEntries(
      [...new Set(query.keys())].map((name) => [name, query.getAll(name)]),
    ),
    body: body.toString("base64"),
    isBase64Encoded: true,
    requestContext: { path },
  };
}

/** `null` if it is not there in time. */
async function bodyWithin(milliseconds: number, incoming: IncomingMessage): Promise<Buffer | null> {
  const read = new AbortController();
  const late = sleep(milliseconds, null, { ref: false, signal: read.signal });
  try {
    return await Promise.race([readBody(incoming), late]);
  } finally {
    read.abort();
  }
}

/**
 * Up to a chunk more than is taken: enough to see that it is too much.
 *
 * @param most bytes that are taken. @default those that the handler takes
 */
export async function readBody(
  incoming: IncomingMessage,
  most = MAX_REQUEST_BYTES,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let [keptBytes, readBytes] = [0, 0];
  for await (const chunk of incoming.iterator({
    destroyOnReturn: false,
  }) as AsyncIterable<Buffer>) {
    readBytes += chunk.byteLength;
    if (keptBytes <= most) {
      chunks.push(chunk);
      keptBytes += chunk.byteLength;
    }
    if (readBytes > most + MAX_DISCARDED_BYTES) break;
  }
  return Buffer.concat(chunks);
}
