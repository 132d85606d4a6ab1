import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

import { AWS_TIMEOUTS } from "../aws-timeouts.ts";

/**
 * By default the SDK adds a CRC-32 to every PUT, and to a presigned PUT that of an empty body,
 * which then refuses any other. Bodies that we send are protected by the SHA-256 in their
 * signature.
 */
const COMMON = {
  requestChecksumCalculation: "WHEN_REQUIRED",
  requestHandler: AWS_TIMEOUTS,
} as const;

/**
 * The one place that builds S3 clients. Endpoints other than AWS's own rarely answer to
 * `bucket.host` names, so with one of them the bucket goes into the path.
 *
 * @param connection an endpoint named in code, as the local pipeline's; without one `env` decides
 */
export function createS3Client(
  connection: S3ClientConfig | null = null,
  env: NodeJS.ProcessEnv = process.env,
): S3Client {
  const forcePathStyle =
    connection !== null || Boolean(env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"]);
  // the AWS command line's name for it, which the SDK does not know
  const region = env["AWS_REGION"] ? undefined : env["AWS_DEFAULT_REGION"];
  return new S3Client({ ...COMMON, ...(region && { region }), ...connection, forcePathStyle });
}
