import type { Clock } from "../clock.ts";
import type { Texts, WireResponse } from "../http/message.ts";
import { type XmlContent, xmlDocument } from "../xml.ts";
import type { ObjectName } from "./bucket.ts";
import type { Buckets } from "./buckets.ts";
import type { Notifier } from "./notifier.ts";
import type { IncomingBody } from "./receive-body.ts";
import type { Uploads } from "./uploads.ts";

/** A verified request to S3. */
export interface S3Request extends ObjectName {
  readonly id: string;
  readonly query: URLSearchParams;
  /** With those that a presigned URL carries in its query. */
  readonly headers: Texts;
  readonly body: IncomingBody;
}

/** What every operation works on. */
export interface S3Context {
  readonly buckets: Buckets;
  readonly uploads: Uploads;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly stagingFolder: string;
}

export type S3Operation = (
  context: S3Context,
  request: S3Request,
) => WireResponse | Promise<WireResponse>;

export function emptyResponse(status: number, headers: Texts = {}): WireResponse {
  return { status, headers, body: null };
}

export function xmlResponse(root: string, content: XmlContent, headers: Texts = {}): WireResponse {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: xmlDocument(root, content),
  };
}

/** ETags are stored without the quotes they have on the wire. */
export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}
