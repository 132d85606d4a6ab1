import type { Service } from "../serve.ts";

const EXAMPLE = "examples/emojinet-1-conv1.json";

/** What to copy into another terminal. */
export function serveInstructions({ pipeline, api, published, notFetched }: Service): string {
  const { connection, bucket, bucketFolder, resumedJobs, damagedJobs } = pipeline;
  const { endpoint, region, credentials } = connection;
  const missing = notFetched.map((id) => `  ${id}: fetch it with: npm run models -- fetch ${id}`);
  return [
    `S3 and SQS   ${endpoint}   bucket ${bucket}, region ${region}`,
    `HTTP API     ${api.url}   described in ${api.url}/openapi.json`,
    `objects      ${bucketFolder}`,
    `networks     ${published.join(", ") || "none"}`,
    ...missing,
    ...(resumedJobs.length === 0 ? [] : [`going on with ${resumedJobs.join(", ")}`]),
    ...damagedJobs.map((problem) => `damaged      ${problem}`),
    "",
    "With the AWS command line, in another terminal:",
    "",
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_DEFAULT_REGION=${region}`,
    `  aws s3 cp ${EXAMPLE} s3://${bucket}/requests/ --endpoint-url ${endpoint}`,
    `  aws s3 ls --recursive s3://${bucket}/jobs/ --endpoint-url ${endpoint}`,
    "",
    "Or over HTTP:",
    "",
    `  curl -H 'Content-Type: application/json' -d @${EXAMPLE} ${api.url}/jobs`,
    `  curl ${api.url}/jobs`,
    "",
  ].join("\n");
}
