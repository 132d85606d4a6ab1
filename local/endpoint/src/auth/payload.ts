import { AwsError, invalidArgument, notImplemented } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";

/** What the signature says about the body: `x-amz-content-sha256`. */
export type Payload =
  | { readonly kind: "signed"; readonly sha256: string }
  | { readonly kind: "unsigned" }
  /** `aws-chunked`, with or without a signature on each chunk. */
  | { readonly kind: "chunked"; readonly isSigned: boolean };

export interface SignedPayload {
  /** The text that stands for the body in the canonical request. */
  readonly hash: string;
  readonly payload: Payload;
}

/**
 * Reads how the body of an S3 request is covered by its signature.
 *
 * @throws AwsError InvalidRequest if a request signed in its header does not say it.
 */
export function readPayload({ headers, query }: WireRequest, isPresigned: boolean): SignedPayload {
  const hash =
    query.get("X-Amz-Content-Sha256") ??
    (isPresigned ? "UNSIGNED-PAYLOAD" : headers["x-amz-content-sha256"]);
  if (hash === undefined) {
    throw new AwsError(
      400,
      "InvalidRequest",
      "Missing required header for this request: x-amz-content-sha256",
    );
  }
  return { hash, payload: payloadOf(hash) };
}

function payloadOf(hash: string): Payload {
  switch (hash) {
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", isSigned: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked", isSigned: true };
    default:
  }
  if (/^[0-9a-f]{64}$/.test(hash)) return { kind: "signed", sha256: hash };
  if (hash.startsWith("STREAMING-")) throw notImplemented(`the payload signature ${hash}`);
  throw invalidArgument(
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-... or a valid sha256 value.",
    "x-amz-content-sha256",
    hash,
  );
}
