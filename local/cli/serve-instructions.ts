import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import type { Service } from "../serve.ts";
import { quoted } from "./completion/shells.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = "examples/emojinet-1-conv1.json";
/** Not part of the npm package. */
const UPLOAD = "examples/cloud/upload-request.mjs";

/** What to copy into another terminal. */
export function serveInstructions(service: Service): string {
  const { pipeline, api, published, notFetched, damaged } = service;
  // elsewhere than in a checkout's folder, paths are absolute
  const isAtHome = relative(ROOT, process.cwd()) === "";
  const pathOf = (file: string) => (isAtHome ? file : wordOf(join(ROOT, file)));
  const command = isAtHome ? "npm run dreamgrid --" : "dreamgrid";
  const { connection, bucket, bucketFolder, resumedJobs, damagedJobs } = pipeline;
  const { endpoint, region, credentials } = connection;
  const missing = notFetched.map((id) => `  ${id}: fetch it with: ${command} models fetch ${id}`);
  return [
    `page         ${api.url}`,
    `S3 and SQS   ${endpoint}   bucket ${bucket}, region ${region}`,
    `HTTP API     ${api.url}   described in ${api.url}/openapi.json`,
    `objects      ${bucketFolder}`,
    `networks     ${published.join(", ") || "none"}`,
    ...missing,
    ...(resumedJobs.length === 0 ? [] : [`going on with ${resumedJobs.join(", ")}`]),
    ...[...damaged, ...damagedJobs].map((problem) => `damaged      ${problem}`),
    "",
    "In another terminal, with the AWS command line or any AWS client:",
    "",
    `  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_REGION=${region} AWS_DEFAULT_REGION=${region} AWS_ENDPOINT_URL=${endpoint}`,
    `  aws s3 cp ${pathOf(EXAMPLE)} s3://${bucket}/requests/ --endpoint-url ${endpoint}`,
    `  aws s3 ls --recursive s3://${bucket}/jobs/ --endpoint-url ${endpoint}`,
    ...(existsSync(join(ROOT, UPLOAD))
      ? [`  node ${pathOf(UPLOAD)} ${bucket} ${pathOf(EXAMPLE)} sheet.png`]
      : []),
    `  ${command} models publish emojinet --bucket ${bucket}`,
    "",
    "Or over HTTP:",
    "",
    `  curl -H 'Content-Type: application/json' -d @${pathOf(EXAMPLE)} ${api.url}/jobs`,
    `  curl ${api.url}/jobs`,
    "",
  ].join("\n");
}

/** A path as a shell takes it, in quotes only where it needs them. */
const wordOf = (path: string) => (/^[\w./@+-]+$/.test(path) ? path : quoted(path));
