import type { ServerResponse } from "node:http";

/** Answers the page with JSON, which is asked for anew each time. */
export function answerJson(outgoing: ServerResponse, json: unknown): void {
  const body = JSON.stringify(json);
  outgoing.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  outgoing.end(body);
}
