import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { close as closeFile, createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

import type { Clock } from "../clock.ts";
import type { WireHandler, WireRequest, WireResponse } from "./message.ts";

const LOOPBACK = "127.0.0.1";
// longer than the SDKs keep idle sockets, so that the client closes first and never writes to a
// dead one
const KEEP_ALIVE_MS = 75_000;
const CLOSE_GRACE_MS = 2_000;
/** Node would give up any request after five minutes: a large file over a slow line takes longer. */
const TIMEOUTS = {
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: KEEP_ALIVE_MS,
};
/** A connection on which nothing comes or goes is given up. */
const IDLE_MS = 300_000;
/**
 * An object that a browser opens as a page runs no script: any site could send a browser to one, as
 * whatever type it likes, and a script in it would have all that there is.
 */
const POLICY = "sandbox";

export interface HttpServer {
  readonly port: number;
  /** Stops listening, lets running requests end, then drops what is left after two seconds. */
  close(): Promise<void>;
}

/** Serves HTTP on the loopback interface only. `port` 0 lets the system choose. */
export async function serveHttp(
  handler: WireHandler,
  { port, clock }: { readonly port: number; readonly clock: Clock },
): Promise<HttpServer> {
  let isClosing = false;
  const server = createServer(TIMEOUTS, (incoming, outgoing) => {
    outgoing.sendDate = false; // Node would send the machine's time, and clients correct their clocks by it
    outgoing.setHeader("date", new Date(clock.now()).toUTCString());
    outgoing.setHeader("content-security-policy", POLICY);
    const handle: WireHandler = async (request) => {
      const response = await handler(request);
      if (isClosing) outgoing.setHeader("connection", "close"); // also for one that began earlier
      return response;
    };
    void answer(handle, incoming, outgoing);
  });
  server.setTimeout(IDLE_MS);
  await once(server.listen(port, LOOPBACK), "listening");

  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      isClosing = true;
      setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
      return server[Symbol.asyncDispose]();
    },
  };
}

async function answer(
  handler: WireHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const response = await handler(wireRequest(incoming, outgoing));
    await send(response, outgoing, incoming.method === "HEAD");
    // read the rest of a refused body, or the connection's next request waits behind it
    incoming.resume();
  } catch (error) {
    // a client that disconnects is not an error
    if (!incoming.destroyed && !outgoing.destroyed)
      console.error("endpoint: request failed", error);
    outgoing.destroy();
  }
}

function wireRequest(incoming: IncomingMessage, outgoing: ServerResponse): WireRequest {
  const [rawPath = "/", ...query] = (incoming.url ?? "/").split("?");
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return {
    id: randomBytes(8).toString("hex").toUpperCase(),
    method: incoming.method ?? "GET",
    rawPath,
    query: new URLSearchParams(query.join("?")),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(",")]),
    ),
    // an early exit from reading must leave the socket open for the error's answer
    body: incoming.iterator({ destroyOnReturn: false }),
    disconnected: gone.signal,
  };
}

async function send(
  { status, headers, body }: WireResponse,
  outgoing: ServerResponse,
  isHead: boolean,
): Promise<void> {
  if (body !== null && typeof body === "object" && "fd" in body) {
    const { fd, start, length } = body;
    outgoing.writeHead(status, { ...headers, "content-length": length });
    if (isHead || length === 0) {
      closeFile(fd);
      outgoing.end();
    } else {
      const { socket } = outgoing;
      const file = createReadStream("", { fd, start, end: start + length - 1 });
      await pipeline(file, outgoing);
      // of a file that was cut short meanwhile the client would wait for the rest
      if (file.bytesRead < length) socket?.destroy();
    }
  } else if (isHead || status === 204 || status === 304) {
    outgoing.writeHead(status, headers).end(); // empty by definition
  } else {
    const content = body ?? "";
    const length = Buffer.byteLength(content);
    outgoing.writeHead(status, { ...headers, "content-length": length }).end(content);
  }
}
