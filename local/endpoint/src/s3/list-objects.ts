import { uriEncode } from "../auth/sigv4.ts";
import { invalidArgument } from "../aws-error.ts";
import { MAX_LIST_KEYS } from "../limits.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import type { XmlContent } from "../xml.ts";
import { listPage } from "./list-page.ts";
import { quoteEtag, type S3Context, type S3Operation, xmlResponse } from "./s3-request.ts";

/** ListObjectsV2. The continuation token is the last name of the page before, which clients must not know. */
export const listObjectsV2: S3Operation = (context, { bucket, query }) => {
  const { objects } = context.buckets.get(bucket);
  const options = readOptions(query);
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after");
  const after = token === null ? startAfter : decodeToken(token);
  const page = listPage(objects, { ...options, after });
  const { encode } = options;
  const isFetchingOwner = query.get("fetch-owner") === "true";
  return xmlResponse("ListBucketResult", {
    Name: bucket,
    Prefix: encode(options.prefix),
    Delimiter: options.delimiter === null ? undefined : encode(options.delimiter),
    MaxKeys: options.maxKeys,
    EncodingType: query.get("encoding-type") ?? undefined,
    KeyCount: page.objects.length + page.commonPrefixes.length,
    IsTruncated: page.next !== null,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.next === null ? undefined : encodeToken(page.next),
    StartAfter: startAfter === null ? undefined : encode(startAfter),
    Contents: page.objects.map((object) => listed(context, object, encode, isFetchingOwner)),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
};

/** The older ListObjects, whose pages are continued by name. */
export const listObjectsV1: S3Operation = (context, { bucket, query }) => {
  const { objects } = context.buckets.get(bucket);
  const options = readOptions(query);
  const marker = query.get("marker");
  const page = listPage(objects, { ...options, after: marker });
  const { encode } = options;
  const isContinuable = page.next !== null && options.delimiter !== null;
  return xmlResponse("ListBucketResult", {
    Name: bucket,
    Prefix: encode(options.prefix),
    Marker: encode(marker ?? ""),
    // only with a delimiter: clients otherwise continue from the last key
    NextMarker: isContinuable ? encode(page.next ?? "") : undefined,
    Delimiter: options.delimiter === null ? undefined : encode(options.delimiter),
    MaxKeys: options.maxKeys,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: page.next !== null,
    Contents: page.objects.map((object) => listed(context, object, encode, true)),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
};

type Encode = (text: string) => string;

function readOptions(query: URLSearchParams) {
  const encoding = query.get("encoding-type");
  if (encoding !== null && encoding !== "url") {
    throw invalidArgument(
      "Invalid Encoding Method specified in Request",
      "encoding-type",
      encoding,
    );
  }
  // slashes stay readable, as in S3's own answers
  const encode: Encode =
    encoding === "url" ? (text) => uriEncode(text).replaceAll("%2F", "/") : (text) => text;
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") || null, // an empty one is none
    maxKeys: readMaxKeys(query.get("max-keys")),
    encode,
  };
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

function listed(
  { accountId }: S3Context,
  { key, lastModifiedMs, etag, size, checksum }: ObjectRecord,
  encode: Encode,
  withOwner: boolean,
): XmlContent {
  return {
    Key: encode(key),
    LastModified: new Date(lastModifiedMs).toISOString(),
    ETag: quoteEtag(etag),
    ChecksumAlgorithm: checksum?.algorithm.toUpperCase(),
    Size: size,
    Owner: withOwner ? { ID: accountId } : undefined,
    StorageClass: "STANDARD",
  };
}

function encodeToken(name: string): string {
  return Buffer.from(name).toString("base64url");
}

function decodeToken(token: string): string {
  const name = Buffer.from(token, "base64url").toString("utf8");
  if (token === "" || encodeToken(name) !== token) {
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
  }
  return name;
}
