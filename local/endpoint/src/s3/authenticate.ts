import { type Payload, payloadHash, payloadOf } from "../auth/payload.ts";
import { isSigV2Presigned, SIGV2_HEADERS, verifySigV2Presigned } from "../auth/sigv2-presigned.ts";
import { readSignatureClaim } from "../auth/signature-claim.ts";
import { type SignaturePolicy, verifySignature } from "../auth/verify-signature.ts";
import type { WireRequest } from "../http/message.ts";

/** A request whose signature is right, except that its body is still to come. */
export interface AuthenticRequest {
  /** With those that a presigned URL carries in its query. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without the parameters of the signature. */
  readonly query: URLSearchParams;
  readonly payload: Payload;
}

/** Checks a request's signature. @throws AwsError with S3's code for what is wrong with it */
export function authenticate(
  wire: WireRequest,
  virtualBucket: string | null,
  policy: SignaturePolicy,
): AuthenticRequest {
  if (isSigV2Presigned(wire)) {
    verifySigV2Presigned(wire, virtualBucket === null ? "" : `/${virtualBucket}`, policy);
    return { ...presigned(wire), payload: { kind: "unsigned" } };
  }
  const claim = readSignatureClaim(wire);
  const isPresigned = claim.expiresSeconds !== null;
  const hash = payloadHash(wire, isPresigned);
  const key = verifySignature(wire, claim, hash, policy);
  const payload = payloadOf(hash, { key, claim });
  return isPresigned
    ? { ...presigned(wire), payload }
    : { headers: wire.headers, query: wire.query, payload };
}

const SIGNATURE_PARAMETERS =
  /^(awsaccesskeyid|expires|signature|x-amz-(algorithm|content-sha256|credential|date|expires|signature|signedheaders))$/;

/**
 * Takes apart the query of a presigned URL: signature, headers, and the rest.
 *
 * Checksums among the headers are ignored, as by S3: the SDK for JavaScript signs
 * that of an empty body into every presigned PUT, before there is a body.
 */
function presigned({ headers, query }: WireRequest): Pick<AuthenticRequest, "headers" | "query"> {
  const hoisted: Record<string, string> = {};
  const rest = new URLSearchParams();
  for (const [name, value] of query) {
    const lowerName = name.toLowerCase();
    if (SIGNATURE_PARAMETERS.test(lowerName) || lowerName.startsWith("x-amz-checksum-")) continue;
    if (lowerName.startsWith("x-amz-") || SIGV2_HEADERS.includes(name)) hoisted[lowerName] = value;
    else rest.append(name, value);
  }
  return { headers: { ...headers, ...hoisted }, query: rest };
}
