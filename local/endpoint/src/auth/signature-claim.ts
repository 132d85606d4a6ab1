import { accessDenied, AwsError, invalidRequest } from "../aws-error.ts";
import type { WireRequest } from "../http/message.ts";
import { MAX_PRESIGN_EXPIRY_S } from "../limits.ts";
import type { CredentialScope } from "./sigv4.ts";

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
export function readSignatureClaim({ headers, query }: WireRequest): SignatureClaim {
  const { authorization } = headers;
  if (authorization !== undefined) return fromHeader(authorization, headers["x-amz-date"]);
  if (query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature")) return fromQuery(query);
  throw accessDenied("Access Denied: the request is not signed");
}

function fromHeader(authorization: string, timestamp: string | undefined): SignatureClaim {
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    throw invalidRequest(
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    );
  }
  const field = (name: string): string => {
    const value = new RegExp(`[ ,]${name}=([^, ]+)`).exec(authorization)?.[1];
    if (value === undefined) throw malformedHeader("a field is missing");
    return value;
  };
  const [credential, signedHeaders] = [field("Credential"), field("SignedHeaders")];
  const signature = field("Signature");
  if (timestamp === undefined) {
    throw accessDenied("AWS authentication requires a valid Date or x-amz-date header");
  }
  const texts = { credential, signedHeaders, signature, timestamp, expiresSeconds: null };
  return parseClaim(texts, malformedHeader);
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
  const texts = {
    credential: parameter("X-Amz-Credential"),
    signedHeaders: parameter("X-Amz-SignedHeaders"),
    signature: parameter("X-Amz-Signature"),
    timestamp: parameter("X-Amz-Date"),
    expiresSeconds,
  };
  return parseClaim(texts, malformedQuery);
}

const CREDENTIAL = /^([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/aws4_request$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

function parseClaim(
  texts: Pick<SignatureClaim, "signature" | "timestamp" | "expiresSeconds"> &
    Readonly<Record<"credential" | "signedHeaders", string>>,
  malformed: (why: string) => AwsError,
): SignatureClaim {
  const { credential, timestamp, signature, expiresSeconds } = texts;
  const [, accessKeyId = "", date = "", region = "", service = ""] =
    CREDENTIAL.exec(credential) ?? [];
  if (accessKeyId === "") {
    throw malformed("the credential is not <key>/<date>/<region>/<service>/aws4_request");
  }
  const isDate = AMZ_DATE.test(timestamp);
  const signedAtMs = Date.parse(timestamp.replace(AMZ_DATE, "$1-$2-$3T$4:$5:$6Z"));
  if (!isDate || Number.isNaN(signedAtMs)) {
    throw malformed("the date is not of the form YYYYMMDDTHHMMSSZ");
  }
  if (!timestamp.startsWith(date)) throw malformed("the credential is of another date");
  const signedHeaders = texts.signedHeaders.split(";");
  if (!signedHeaders.includes("host")) throw malformed("the host header is not signed");
  const scope = { date, region, service };
  return { accessKeyId, scope, signedHeaders, signature, timestamp, signedAtMs, expiresSeconds };
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
