import { invalidArgument, invalidRequest, notImplemented } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";
import type { ChunkSigning } from "./chunked-body.ts";

/** What the signature says about the body. */
export type Payload =
  | { readonly kind: "signed"; readonly sha256: string }
  | { readonly kind: "unsigned" }
  /** `aws-chunked`, with or without a signature on each chunk. */
  | { readonly kind: "chunked"; readonly signing: ChunkSigning | null };

/**
 * The text that stands for the body in the canonical request.
 *
 * @throws AwsError InvalidRequest if a request signed in its header does not say it.
 */
export function payloadHash({ headers, query }: WireRequest, isPresigned: boolean): string {
  const hash =
    query.get("X-Amz-Content-Sha256") ??
    (isPresigned ? "UNSIGNED-PAYLOAD" : headers["x-amz-content-sha256"]);
  if (hash !== undefined) return hash;
  throw invalidRequest("Missing required header for this request: x-amz-content-sha256");
}

/** Reads what the hash says. `signing` is how chunks are signed, if they are. */
export function payloadOf(hash: string, signing: ChunkSigning): Payload {
  if (hash === "UNSIGNED-PAYLOAD") return { kind: "unsigned" };
  if (hash === "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return { kind: "chunked", signing: null };
  if (/^STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?$/.test(hash)) {
    return { kind: "chunked", signing };
  }
  if (/^[0-9a-f]{64}$/.test(hash)) return { kind: "signed", sha256: hash };
  if (hash.startsWith("STREAMING-")) throw notImplemented(`the payload signature ${hash}`);
  throw invalidArgument(
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-... or a valid sha256 value.",
    "x-amz-content-sha256",
    hash,
  );
}
