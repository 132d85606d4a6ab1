import { createHash, createHmac, timingSafeEqual } from "node:crypto";

import { AwsError } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";

/**
 * The arithmetic of AWS Signature Version 4.
 *
 * Source: AWS "Signature Version 4 signing process", and for chunks "Signature
 * calculations for the authorization header: transferring payload in multiple chunks".
 */

/** What a signature is valid for: one day, one region, one service. */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const EMPTY_SHA256 = sha256Hex("");

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function signingKey(secret: string, { date, region, service }: CredentialScope): Buffer {
  return [date, region, service, "aws4_request"].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

/**
 * A signature, in hexadecimal.
 *
 * @param kind `AWS4-HMAC-SHA256`, for the parts of a body with an ending
 * @param hashes what is signed besides time and scope
 */
export function sign(
  key: Buffer,
  kind: string,
  { timestamp, scope }: { readonly timestamp: string; readonly scope: CredentialScope },
  ...hashes: readonly string[]
): string {
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  return hmac(key, [kind, timestamp, scopeText, ...hashes].join("\n")).toString("hex");
}

/** Compares in constant time. */
export function isSameSignature(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** RFC 3986 encoding, which leaves only `A-Z a-z 0-9 - . _ ~` alone. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The canonical request: what both sides hash, with `payloadHash` in place of the body.
 * `X-Amz-Signature` never signs itself.
 */
export function canonicalRequest(
  { method, rawPath, query, headers }: WireRequest,
  {
    scope,
    signedHeaders,
  }: { readonly scope: CredentialScope; readonly signedHeaders: readonly string[] },
  payloadHash: string,
): string {
  // S3 signs the path encoded once, from the decoded key; the other services encode what was sent
  // again
  const encode = scope.service === "s3" ? (part: string) => uriEncode(decodePath(part)) : uriEncode;
  const parameters = [...query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`);
  const headerLines = signedHeaders.map(
    (name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}\n`,
  );
  return [
    method,
    rawPath.split("/").map(encode).join("/"),
    parameters.join("&"),
    headerLines.join(""),
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Undoes percent-encoding.
 *
 * @throws AwsError InvalidURI if it is not valid UTF-8.
 */
export function decodePath(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", { URI: part });
  }
}

function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
