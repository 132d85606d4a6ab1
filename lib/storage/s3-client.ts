import { S3Client } from "@aws-sdk/client-s3";

/** An endpoint named in code, as the local pipeline's; without one the environment decides. */
export interface S3Connection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * By default the SDK adds a CRC-32 to every PUT, and to a presigned PUT that of an empty body,
 * which then refuses any other. Bodies that we send are protected by the SHA-256 in their
 * signature.
 */
const COMMON = { requestChecksumCalculation: "WHEN_REQUIRED" } as const;

/**
 * The one place that builds S3 clients. Endpoints other than AWS's own rarely answer to
 * `bucket.host` names, so with one of them the bucket goes into the path.
 */
export function createS3Client(
  connection: S3Connection | null = null,
  env: NodeJS.ProcessEnv = process.env,
): S3Client {
  if (connection !== null) return new S3Client({ ...COMMON, ...connection, forcePathStyle: true });
  const hasOwnEndpoint = Boolean(env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"]);
  return new S3Client({ ...COMMON, forcePathStyle: hasOwnEndpoint });
}
