import { createHmac } from "node:crypto";

import { accessDenied } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";
import { isSameSignature } from "./sigv4.ts";
import { checkAccessKey, signatureMismatch, type SignaturePolicy } from "./verify-signature.ts";

/**
 * Presigned URLs of Signature Version 2, which stock boto3 and `aws s3 presign` still
 * make for us-east-1, as S3 there still takes them.
 *
 * Source: "Signing and authenticating REST requests", Amazon S3 user guide (archived).
 */
export function isSigV2Presigned({ query }: WireRequest): boolean {
  return query.has("AWSAccessKeyId") && query.has("Signature");
}

/** Headers that such a URL may carry in its query besides `x-amz-` ones. */
export const SIGV2_HEADERS = ["content-md5", "content-type"];

/** Query parameters that are part of the resource. */
const RESOURCE_PARAMETERS =
  /^(acl|delete|location|notification|partNumber|response-[a-z-]+|tagging|uploadId|uploads|versionId|versioning)$/;

/**
 * @param bucketPath `/bucket` if the bucket is in the host name, else empty
 * @throws AwsError with S3's codes
 */
export function verifySigV2Presigned(
  { method, rawPath, query, headers }: WireRequest,
  bucketPath: string,
  { credentials, nowMs }: SignaturePolicy,
): void {
  checkAccessKey(query.get("AWSAccessKeyId") ?? "", credentials);
  const expires = query.get("Expires") ?? "";
  if (!/^\d{1,12}$/.test(expires)) {
    throw accessDenied("Invalid date (should be seconds since epoch)");
  }
  if (nowMs > Number(expires) * 1000) {
    throw accessDenied("Request has expired");
  }
  const header = (name: string) => query.get(name) ?? headers[name] ?? "";
  const amzNames = [...Object.keys(headers), ...query.keys()].filter((name) =>
    name.startsWith("x-amz-"),
  );
  const amzHeaders = [...new Set(amzNames)]
    .toSorted()
    .map((name) => `${name}:${header(name).trim()}\n`);
  const resourceParameters = [...query]
    .filter(([name]) => RESOURCE_PARAMETERS.test(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .join("&");
  const stringToSign = [
    method,
    header("content-md5"),
    header("content-type"),
    expires,
    amzHeaders.join("") +
      bucketPath +
      rawPath +
      (resourceParameters === "" ? "" : `?${resourceParameters}`),
  ].join("\n");
  const expected = createHmac("sha1", credentials.secretAccessKey)
    .update(stringToSign)
    .digest("base64");
  if (!isSameSignature(expected, query.get("Signature") ?? "")) {
    throw signatureMismatch({ StringToSign: stringToSign });
  }
}
