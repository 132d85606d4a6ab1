import { AwsError } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";
import { MAX_PRESIGN_EXPIRY_S } from "../limits.ts";
import { type CredentialScope, parseAmzDate } from "./sigv4.ts";

/** What a request says about its signature, not yet believed. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  readonly signedAtMs: number;
  /** Life of a presigned URL in seconds; `null` for a signature in the header. */
  readonly expiresSeconds: number | null;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * Reads the `Authorization` header, or the query of a presigned URL.
 *
 * @throws AwsError AccessDenied if the request is anonymous, and S3's codes for malformed ones.
 */
export function readSignatureClaim(request: WireRequest): SignatureClaim {
  const { authorization } = request.headers;
  if (authorization !== undefined) return fromHeader(authorization, request);
  if (request.query.has("X-Amz-Algorithm") || request.query.has("X-Amz-Signature")) {
    return fromQuery(request.query);
  }
  throw new AwsError("AccessDenied", "Access Denied: the request is not signed");
}

function fromHeader(authorization: string, { headers }: WireRequest): SignatureClaim {
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw new AwsError(
      "InvalidRequest",
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    );
  }
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(",")
      .map((field) => {
        const [name = "", ...value] = field.trim().split("=");
        return [name, value.join("=")];
      }),
  );
  const [credential, signedHeaders, signature] = ["Credential", "SignedHeaders", "Signature"].map(
    (name) => fields.get(name),
  );
  if (!credential || !signedHeaders || !signature) throw malformedHeader("a field is missing");
  const timestamp = headers["x-amz-date"];
  if (timestamp === undefined) {
    throw new AwsError(
      "AccessDenied",
      "AWS authentication requires a valid Date or x-amz-date header",
    );
  }
  return claim({ credential, signedHeaders, signature, timestamp }, null, malformedHeader);
}

function fromQuery(query: URLSearchParams): SignatureClaim {
  const parameter = (name: string): string => {
    const value = query.get(name);
    if (!value) throw malformedQuery(`${name} is missing`);
    return value;
  };
  if (parameter("X-Amz-Algorithm") !== ALGORITHM) {
    throw malformedQuery(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const expires = parameter("X-Amz-Expires");
  const expiresSeconds = Number(expires);
  if (!/^\d+$/.test(expires) || expiresSeconds < 1 || expiresSeconds > MAX_PRESIGN_EXPIRY_S) {
    throw malformedQuery(
      `X-Amz-Expires must be a number from 1 to ${MAX_PRESIGN_EXPIRY_S} seconds`,
    );
  }
  return claim(
    {
      credential: parameter("X-Amz-Credential"),
      signedHeaders: parameter("X-Amz-SignedHeaders"),
      signature: parameter("X-Amz-Signature"),
      timestamp: parameter("X-Amz-Date"),
    },
    expiresSeconds,
    malformedQuery,
  );
}

interface ClaimTexts {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly timestamp: string;
}

function claim(
  texts: ClaimTexts,
  expiresSeconds: number | null,
  malformed: (why: string) => AwsError,
): SignatureClaim {
  const [accessKeyId, date, region, service, terminator, ...rest] = texts.credential.split("/");
  if (
    !accessKeyId ||
    !date ||
    !region ||
    !service ||
    terminator !== "aws4_request" ||
    rest.length
  ) {
    throw malformed("the credential is not <key>/<date>/<region>/<service>/aws4_request");
  }
  const signedAtMs = parseAmzDate(texts.timestamp);
  if (signedAtMs === null) throw malformed("the date is not of the form YYYYMMDDTHHMMSSZ");
  if (!texts.timestamp.startsWith(date)) throw malformed("the credential is of another date");
  const signedHeaders = texts.signedHeaders.split(";");
  if (!signedHeaders.includes("host")) throw malformed("the host header is not signed");
  return {
    accessKeyId,
    scope: { date, region, service },
    signedHeaders,
    signature: texts.signature,
    timestamp: texts.timestamp,
    signedAtMs,
    expiresSeconds,
  };
}

function malformedHeader(why: string): AwsError {
  return new AwsError(
    "AuthorizationHeaderMalformed",
    `The authorization header is malformed; ${why}`,
  );
}

function malformedQuery(why: string): AwsError {
  return new AwsError("AuthorizationQueryParametersError", why);
}
