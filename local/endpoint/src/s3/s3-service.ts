import { decodePath } from "../auth/sigv4.ts";
import type { Call } from "../auth/verify-signature.ts";
import type { AwsError } from "../aws-error.ts";
import type { WireRequest, WireResponse } from "../http/message.ts";
import { xmlDocument } from "../xml.ts";
import { authenticate } from "./authenticate.ts";
import type { ObjectName } from "./bucket.ts";
import { checkHeaders } from "./header-policy.ts";
import { findRoute } from "./routes.ts";
import type { S3Context } from "./s3-request.ts";

/** Answers one S3 request. */
export async function answerS3(
  context: S3Context,
  wire: WireRequest,
  { policy, count }: Call,
): Promise<WireResponse> {
  const virtualBucket = bucketOfHost(wire.headers["host"] ?? "");
  const { headers, query, ...signed } = authenticate(wire, virtualBucket, policy);
  checkHeaders(headers);
  const request = {
    id: wire.id,
    ...locate(wire, virtualBucket),
    query,
    headers,
    body: { headers, bytes: wire.body, ...signed },
  };
  const route = findRoute(wire.method, request);
  count(route.name);
  const response = await route.handle(context, request);
  return { ...response, headers: { ...response.headers, "x-amz-request-id": wire.id } };
}

/** `bucket` of `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`. */
function bucketOfHost(host: string): string | null {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const bucket = /^(.+?)\.(?:s3[.-](?:[a-z0-9-]+\.)?)?localhost$/.exec(name)?.[1];
  return bucket === undefined || /^s3([.-][a-z0-9-]+)?$/.test(bucket) ? null : bucket;
}

function locate({ rawPath }: WireRequest, virtualBucket: string | null): ObjectName {
  const path = decodePath(rawPath.slice(1));
  if (virtualBucket !== null) return { bucket: virtualBucket, key: path };
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
