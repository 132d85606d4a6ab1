import { type SignedPayload, readPayload } from "../auth/payload.ts";
import type { SignatureClaim } from "../auth/signature-claim.ts";
import { decodePath, type SignaturePolicy, verifySignature } from "../auth/verify-signature.ts";
import type { AwsError } from "../aws-error.ts";
import type { WireRequest, WireResponse } from "../http/message.ts";
import { xmlDocument } from "../xml.ts";
import { checkHeaders } from "./header-policy.ts";
import { findRoute } from "./routes.ts";
import type { S3Context, S3Request } from "./s3-request.ts";

/** Answers one S3 request; `count` is told the operation's name. */
export async function answerS3(
  context: S3Context,
  wire: WireRequest,
  {
    claim,
    policy,
    count,
  }: {
    readonly claim: SignatureClaim;
    readonly policy: SignaturePolicy;
    readonly count: (operation: string) => void;
  },
): Promise<WireResponse> {
  const signed = readPayload(wire, claim.expiresSeconds !== null);
  const signingKey = verifySignature(wire, claim, signed.hash, policy);
  const request = s3Request(wire, claim, signed, signingKey);
  checkHeaders(request.headers, context.accountId);
  const route = findRoute(wire.method, request);
  count(route.name);
  const response = await route.handle(context, request);
  return { ...response, headers: { ...response.headers, "x-amz-request-id": wire.id } };
}

function s3Request(
  wire: WireRequest,
  claim: SignatureClaim,
  { payload }: SignedPayload,
  signingKey: Buffer,
): S3Request {
  const headers = claim.expiresSeconds === null ? wire.headers : withHoistedHeaders(wire);
  return {
    id: wire.id,
    ...locate(wire),
    query: wire.query,
    headers,
    body: { headers, bytes: wire.body, payload, claim, signingKey },
  };
}

/**
 * A presigned URL carries `x-amz-` headers in its query. Checksums among them are
 * ignored, as by S3: the SDK for JavaScript signs that of an empty body into every
 * presigned PUT, before there is a body.
 */
function withHoistedHeaders({ headers, query }: WireRequest): Readonly<Record<string, string>> {
  const hoisted = [...query]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(
      ([name]) =>
        name.startsWith("x-amz-") &&
        !name.startsWith("x-amz-checksum-") &&
        !SIGNATURE_PARAMETERS.has(name),
    );
  return { ...headers, ...Object.fromEntries(hoisted) };
}

const SIGNATURE_PARAMETERS = new Set(
  [
    "algorithm",
    "content-sha256",
    "credential",
    "date",
    "expires",
    "signature",
    "signedheaders",
  ].map((name) => `x-amz-${name}`),
);

/** Bucket and key, from the path, or from a host such as `bucket.localhost`. */
function locate({ headers, rawPath }: WireRequest): Pick<S3Request, "bucket" | "key"> {
  const host = (headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
  // bucket.localhost, bucket.s3.localhost, bucket.s3.us-east-1.localhost
  const virtual = /^(.+?)\.(?:s3[.-](?:[a-z0-9-]+\.)?)?localhost$/.exec(host)?.[1];
  const path = decodePath(rawPath.slice(1));
  const isService = virtual === undefined || /^s3([.-][a-z0-9-]+)?$/.test(virtual);
  if (!isService) return { bucket: virtual, key: path };
  const slash = path.indexOf("/");
  if (slash < 0) return { bucket: path, key: "" };
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

/** The error document of S3. */
export function s3Error(error: AwsError, wire: WireRequest): WireResponse {
  return {
    status: error.status,
    headers: {
      "content-type": "application/xml",
      "x-amz-request-id": wire.id,
      ...error.headers,
    },
    body: xmlDocument(
      "Error",
      {
        Code: error.code,
        Message: error.message,
        ...error.details,
        Resource: wire.rawPath,
        RequestId: wire.id,
        HostId: wire.id,
      },
      "",
    ),
  };
}
