import { ACCOUNT_ID } from "../account.ts";
import { uriEncode } from "../auth/sigv4.ts";
import { invalidArgument } from "../aws-error.ts";
import { MAX_LIST_KEYS } from "../limits.ts";
import { listPage } from "./list-page.ts";
import {
  quoteEtag,
  type S3Context,
  type S3Operation,
  type S3Request,
  xmlResponse,
} from "./s3-request.ts";

const OWNER = { ID: ACCOUNT_ID };

/**
 * ListObjectsV2. The continuation token is the last name of the page before, which clients must not
 * know.
 */
export const listObjectsV2: S3Operation = (context, request) => {
  const { query } = request;
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after");
  const after = token === null ? startAfter : decodeToken(token);
  const owner = query.get("fetch-owner") === "true" ? OWNER : undefined;
  const { content, next, encode } = list(context, request, { after, owner });
  return xmlResponse("ListBucketResult", {
    ...content,
    KeyCount: content.Contents.length + content.CommonPrefixes.length,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: next === null ? undefined : encodeToken(next),
    StartAfter: startAfter === null ? undefined : encode(startAfter),
  });
};

/** The older ListObjects, whose pages are continued by name. */
export const listObjectsV1: S3Operation = (context, request) => {
  const after = request.query.get("marker");
  const { content, next, encode } = list(context, request, { after, owner: OWNER });
  // only with a delimiter: clients otherwise continue from the last key
  const isContinuable = next !== null && content.Delimiter !== undefined;
  return xmlResponse("ListBucketResult", {
    ...content,
    Marker: encode(after ?? ""),
    NextMarker: isContinuable ? encode(next) : undefined,
  });
};

/** What both listings say, and where the next page begins. */
function list(
  { buckets }: S3Context,
  { bucket, query }: S3Request,
  { after, owner }: { readonly after: string | null; readonly owner: object | undefined },
) {
  const { objects: store } = buckets.get(bucket);
  const encode = readEncoding(query.get("encoding-type"));
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") || null; // an empty one is none
  const maxKeys = readMaxKeys(query.get("max-keys"));
  const { objects, commonPrefixes, next } = listPage(store, { prefix, delimiter, maxKeys, after });
  const content = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === null ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: next !== null,
    Contents: objects.map(({ key, lastModifiedMs, etag, size, checksum }) => ({
      Key: encode(key),
      LastModified: new Date(lastModifiedMs).toISOString(),
      ETag: quoteEtag(etag),
      ChecksumAlgorithm: checksum?.algorithm.toUpperCase(),
      Size: size,
      Owner: owner,
      StorageClass: "STANDARD",
    })),
    CommonPrefixes: commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  };
  return { content, next, encode };
}

function readEncoding(encoding: string | null): (text: string) => string {
  if (encoding === null) return (text) => text;
  // slashes stay readable, as in S3's own answers
  if (encoding === "url") return (text) => uriEncode(text).replaceAll("%2F", "/");
  const message = "Invalid Encoding Method specified in Request";
  throw invalidArgument(message, "encoding-type", encoding);
}

function readMaxKeys(text: string | null): number {
  if (text === null || text === "") return MAX_LIST_KEYS;
  if (!/^\d{1,10}$/.test(text)) {
    throw invalidArgument(
      "Provided max-keys not an integer or within integer range",
      "max-keys",
      text,
    );
  }
  return Math.min(Number(text), MAX_LIST_KEYS);
}

function encodeToken(name: string): string {
  return Buffer.from(name).toString("base64url");
}

function decodeToken(token: string): string {
  const name = Buffer.from(token, "base64url").toString("utf8");
  if (token === "" || encodeToken(name) !== token) {
    throw invalidArgument(
      "The continuation token provided is incorrect",
      "continuation-token",
      token,
    );
  }
  return name;
}
