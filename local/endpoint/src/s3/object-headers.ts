import { validateHeaderName, validateHeaderValue } from "node:http";

import { AwsError, invalidArgument } from "../aws-error.ts";
import { checksumHeader } from "../checksums/expected-checksum.ts";
import { MAX_KEY_BYTES, MAX_USER_METADATA_BYTES } from "../limits.ts";
import type { Texts } from "../http/message.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import { DEFAULT_CONTENT_TYPE } from "../storage/reconcile-files.ts";
import { quoteEtag } from "./s3-request.ts";

/** Headers of a PUT that a GET sends back, or others in their place if its query says so. */
const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];
const METADATA_PREFIX = "x-amz-meta-";

/**
 * What a writer says about an object.
 *
 * @throws AwsError MetadataTooLarge; InvalidArgument for what no header could carry back, as the
 *   query of a presigned URL may have it
 */
export function readDescription(headers: Texts): Pick<ObjectRecord, "headers" | "metadata"> {
  const kept = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = name === "content-encoding" ? ownEncoding(headers[name]) : headers[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const metadata = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA_PREFIX))
      .map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]),
  );
  const size = Object.entries(metadata).flat().join("").length; // headers are one byte a character
  if (size > MAX_USER_METADATA_BYTES) {
    throw new AwsError(
      "MetadataTooLarge",
      "Your metadata headers exceed the maximum allowed metadata size",
      { Size: size, MaxSizeAllowed: MAX_USER_METADATA_BYTES },
    );
  }
  const description = { headers: { "content-type": DEFAULT_CONTENT_TYPE, ...kept }, metadata };
  for (const [name, value] of Object.entries(describingHeaders(description))) {
    checkHeader(name, value);
  }
  return description;
}

function describingHeaders({
  headers,
  metadata,
}: Pick<ObjectRecord, "headers" | "metadata">): Record<string, string> {
  const named = Object.entries(metadata).map(([name, value]) => [METADATA_PREFIX + name, value]);
  return { ...headers, ...Object.fromEntries(named) };
}

/** A line end would let whoever made a URL write further headers of the answer. */
function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw invalidArgument("A header cannot have this name or value", name, value);
  }
}

/** `aws-chunked` is how the body travelled, not how the object is encoded. */
function ownEncoding(contentEncoding: string | undefined): string | undefined {
  return contentEncoding
    ?.split(",")
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== "aws-chunked")
    .join(",");
}

/** Response headers of GET and HEAD, without those of the length. */
export function objectHeaders(object: ObjectRecord): Record<string, string> {
  return {
    ...describingHeaders(object),
    "accept-ranges": "bytes",
    etag: quoteEtag(object.etag),
    "last-modified": new Date(object.lastModifiedMs).toUTCString(),
  };
}

/** The checksum of the whole object, which is wrong for a part of it. */
export function checksumHeaders({
  checksum,
}: Pick<ObjectRecord, "checksum">): Record<string, string> {
  if (checksum === null) return {};
  const type = checksum.value.includes("-") ? "COMPOSITE" : "FULL_OBJECT";
  return { ...checksumHeader(checksum), "x-amz-checksum-type": type };
}

/** Query parameters of a GET that replace a response header. */
export const OVERRIDE_PARAMETERS = KEPT_HEADERS.map((name) => `response-${name}`);

export function overriddenHeaders(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = query.get(`response-${name}`);
      if (value === null) return [];
      checkHeader(name, value);
      return [[name, value]];
    }),
  );
}

/** @throws AwsError KeyTooLongError */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > MAX_KEY_BYTES) {
    throw new AwsError("KeyTooLongError", "Your key is too long", {
      Size: size,
      MaxSizeAllowed: MAX_KEY_BYTES,
    });
  }
}
