import { createHash, createHmac, timingSafeEqual } from "node:crypto";

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

export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

export function signingKey(secret: string, { date, region, service }: CredentialScope): Buffer {
  return [date, region, service, "aws4_request"].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

/** Signature of a string to sign, in hexadecimal. */
export function sign(key: Buffer, lines: readonly string[]): string {
  return hmac(key, lines.join("\n")).toString("hex");
}

/** Compares in constant time. */
export function isSameSignature(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * `YYYYMMDDTHHMMSSZ` to milliseconds since 1970; `null` if it is not such a time.
 */
export function parseAmzDate(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** RFC 3986 encoding, which leaves only `A-Z a-z 0-9 - . _ ~` alone. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export interface CanonicalParts {
  readonly method: string;
  /** Already in canonical form. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
}

/** The canonical request: what both sides hash. `X-Amz-Signature` never signs itself. */
export function canonicalRequest(parts: CanonicalParts): string {
  const query = [...parts.query]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const headers = parts.signedHeaders.map(
    (name) => `${name}:${(parts.headers[name] ?? "").trim().replaceAll(/ +/g, " ")}\n`,
  );
  return [
    parts.method,
    parts.path,
    query,
    headers.join(""),
    parts.signedHeaders.join(";"),
    parts.payloadHash,
  ].join("\n");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hmac(key: Uint8Array, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
