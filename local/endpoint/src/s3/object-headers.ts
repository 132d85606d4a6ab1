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
 * @throws AwsError MetadataTooLarge
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
  return { headers: { "content-type": DEFAULT_CONTENT_TYPE, ...kept }, metadata };
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
    ...object.headers,
    ...Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [METADATA_PREFIX + name, value]),
    ),
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
      // a line end would let the URL's author write further headers
      if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)) {
        const message = "A response header cannot have this value";
        throw invalidArgument(message, `response-${name}`, value);
      }
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
