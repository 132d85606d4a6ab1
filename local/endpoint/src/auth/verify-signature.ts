import { type Credentials, REGION } from "../account.ts";
import { accessDenied, AwsError } from "../aws-error.ts";
import type { Texts, WireRequest } from "../http/message.ts";
import { MAX_CLOCK_SKEW_MS } from "../limits.ts";
import type { SignatureClaim } from "./signature-claim.ts";
import { canonicalRequest, isSameSignature, sha256Hex, sign, signingKey } from "./sigv4.ts";

export interface SignaturePolicy {
  readonly credentials: Credentials;
  readonly nowMs: number;
}

/** What a service is told besides a request. */
export interface Call {
  readonly policy: SignaturePolicy;
  /** Told the operation's name. */
  readonly count: (operation: string) => void;
}

/**
 * Checks the signature of everything but the body, which `payloadHash` stands for.
 *
 * @returns the signing key, with which the chunks of a streamed body are signed.
 * @throws AwsError with the code S3 gives for each way to be wrong.
 */
export function verifySignature(
  request: WireRequest,
  claim: SignatureClaim,
  payloadHash: string,
  { credentials, nowMs }: SignaturePolicy,
): Buffer {
  checkAccessKey(claim.accessKeyId, credentials);
  if (request.headers["x-amz-security-token"] ?? request.query.get("X-Amz-Security-Token")) {
    throw new AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (claim.scope.region !== REGION) {
    throw new AwsError(
      "AuthorizationHeaderMalformed",
      `The authorization header is malformed; the region '${claim.scope.region}' is wrong; expecting '${REGION}'`,
      { Region: REGION },
    );
  }
  checkTime(claim, nowMs);
  checkEverythingIsSigned(request, claim);

  const canonical = canonicalRequest(request, claim, payloadHash);
  const key = signingKey(credentials.secretAccessKey, claim.scope);
  const expected = sign(key, "AWS4-HMAC-SHA256", claim, sha256Hex(canonical));
  if (!isSameSignature(expected, claim.signature)) {
    throw signatureMismatch({ AWSAccessKeyId: claim.accessKeyId, CanonicalRequest: canonical });
  }
  return key;
}

export function signatureMismatch(details: Texts): AwsError {
  return new AwsError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    details,
  );
}

/** @throws AwsError InvalidAccessKeyId */
export function checkAccessKey(given: string, { accessKeyId }: Credentials): void {
  if (given === accessKeyId) return;
  throw new AwsError(
    "InvalidAccessKeyId",
    "The AWS Access Key Id you provided does not exist in our records.",
    { AWSAccessKeyId: given },
  );
}

function checkTime({ signedAtMs, expiresSeconds }: SignatureClaim, nowMs: number): void {
  if (expiresSeconds === null) {
    if (Math.abs(nowMs - signedAtMs) <= MAX_CLOCK_SKEW_MS) return;
    throw new AwsError(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      {
        RequestTime: new Date(signedAtMs).toISOString(),
        ServerTime: new Date(nowMs).toISOString(),
        MaxAllowedSkewMilliseconds: MAX_CLOCK_SKEW_MS,
      },
    );
  }
  if (signedAtMs > nowMs + MAX_CLOCK_SKEW_MS) {
    throw accessDenied("Request is not yet valid");
  }
  const expiresAtMs = signedAtMs + expiresSeconds * 1000;
  if (nowMs > expiresAtMs) {
    throw new AwsError("AccessDenied", "Request has expired", {
      "X-Amz-Expires": expiresSeconds,
      Expires: new Date(expiresAtMs).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    });
  }
}

/** An unsigned x-amz- header could change what the signer asked for: a copy source, an ACL. */
function checkEverythingIsSigned({ headers }: WireRequest, claim: SignatureClaim): void {
  const unsigned = Object.keys(headers).filter(
    (name) =>
      name.startsWith("x-amz-") &&
      !claim.signedHeaders.includes(name) &&
      name !== "x-amz-content-sha256",
  );
  if (unsigned.length > 0) {
    throw new AwsError(
      "AccessDenied",
      "There were headers present in the request which were not signed",
      { HeadersNotSigned: unsigned.join(", ") },
    );
  }
}
