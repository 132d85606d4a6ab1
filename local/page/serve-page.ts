import type { IncomingMessage, ServerResponse } from "node:http";

import { pageFiles } from "./page-files.ts";

/** How the page hears of news: as events from this server, or by asking. */
export type News = "events" | "polling";

/** Pictures come from the bucket, on this machine or in the cloud; all else from here alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // the hash is of the one rule that OpenSeadragon adds by itself, for touch screens
  "style-src 'self' 'sha256-9xTiqzfwFaL2SGb1rmr8gysEwVVjIvqWAgmZgqFqpEE='",
  "img-src 'self' data: blob: https: http://127.0.0.1:*",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Answers for the page's own files. @returns whether the request was for one of them */
export async function servePage(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  news: News,
): Promise<boolean> {
  const [path = "/"] = (incoming.url ?? "/").split("?");
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return false;
  if (path !== "/" && !path.startsWith("/page/")) return false;
  const file = (await pageFiles()).get(path);
  if (file === undefined) return false;
  const bytes =
    path === "/"
      ? Buffer.from(
          Buffer.from(file.bytes).toString("utf8").replace("<html", `<html data-news="${news}"`),
        )
      : file.bytes;
  outgoing.writeHead(200, {
    "Content-Type": file.contentType,
    "Content-Length": bytes.byteLength,
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : bytes);
  return true;
}
