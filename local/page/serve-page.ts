import type { IncomingMessage, ServerResponse } from "node:http";

import { pageFiles } from "./page-files.ts";

/** An API in the cloud. */
export interface RemoteApi {
  /** Stage included. */
  readonly url: URL;
  readonly region: string;
}

export interface PageFacts {
  /** How the page hears of news: as events from this server, or by asking. */
  readonly news: "events" | "polling";
  /** Whether there are photographs that excite channels. */
  readonly hasDataset: boolean;
  /** Whether it is told what channels are made of further back. */
  readonly hasCircuits: boolean;
  /** Where the API is in truth, for commands to copy; `null`: at the page's own address. */
  readonly remote: RemoteApi | null;
}

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
  facts: PageFacts,
): Promise<boolean> {
  const [path = "/"] = (incoming.url ?? "/").split("?");
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return false;
  if (path !== "/" && !path.startsWith("/page/")) return false;
  const file = (await pageFiles()).get(path);
  if (file === undefined) return false;
  const bytes = path === "/" ? withFacts(file.bytes, facts) : file.bytes;
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

/** The page with the facts as it reads them. */
function withFacts(
  html: Uint8Array,
  { news, hasDataset, hasCircuits, remote }: PageFacts,
): Uint8Array {
  const data = {
    news,
    dataset: String(hasDataset),
    circuits: String(hasCircuits),
    ...(remote && { api: remote.url.href, region: remote.region }),
  };
  const attributes = Object.entries(data).map(
    ([name, value]) => `data-${name}="${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`,
  );
  const opening = `<html ${attributes.join(" ")}`;
  return Buffer.from(
    Buffer.from(html)
      .toString("utf8")
      .replace("<html", () => opening),
  );
}
