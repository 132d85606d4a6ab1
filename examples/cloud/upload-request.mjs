// Puts a request into the drop zone of a deployed pipeline, waits for its job and fetches the sheet.
//
//     node examples/cloud/upload-request.mjs BUCKET REQUEST.json [SHEET.png]
//
// Credentials and region are those of the AWS command line. They have to allow s3:PutObject under
// requests/, and s3:GetObject under responses/ and jobs/, and s3:ListBucket, of that bucket.
import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 1_000;

const [bucket, requestPath, sheetPath = "sheet.png"] = process.argv.slice(2);
if (bucket === undefined || requestPath === undefined) {
  throw new Error("wanted: upload-request.mjs BUCKET REQUEST.json [SHEET.png]");
}
// the SDK's version is pinned, so what later ones will want is no concern of the user's
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
const s3 = new S3Client({
  region: process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"],
  // an emulator named in the environment knows no bucket.host names
  forcePathStyle: Boolean(process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"]),
});

// a name of its own, so that the response is this upload's
const name = `${basename(requestPath, ".json")}-${Date.now()}.json`;
await s3.send(
  new PutObjectCommand({
    Bucket: bucket,
    Key: `requests/${name}`,
    Body: await readFile(requestPath),
    ContentType: "application/json",
  }),
);

const response = JSON.parse(await text(await appearing(`responses/${name}`)));
if (response.status !== "accepted") {
  console.error(response.problems.join("\n"));
  process.exit(1);
}
const { jobId } = response;
console.log(`job ${jobId} is accepted`);

const job = JSON.parse(await text(await appearing(`${await lastRound(jobId)}complete.json`)));
console.log(`${job.state}: ${job.ok} of ${job.total} channels rendered, ${job.failed} failed`);
await writeFile(sheetPath, await (await appearing(job.montage)).transformToByteArray());
console.log(`the sheet is ${sheetPath}; its parts are described in s3://${bucket}/${job.manifest}`);

/** Folder of a job's last round: the same request again draws what failed in a round of its own. */
async function lastRound(id) {
  const folder = `jobs/${id}/`;
  const retries = { Bucket: bucket, Prefix: `${folder}retries/`, Delimiter: "/" };
  const { CommonPrefixes = [] } = await s3.send(new ListObjectsV2Command(retries));
  const rounds = CommonPrefixes.map(({ Prefix }) => Number(Prefix.split("/").at(-2)));
  return rounds.length === 0 ? folder : `${retries.Prefix}${Math.max(...rounds)}/`;
}

/** The object's body, as soon as there is one. */
async function appearing(key) {
  for (;;) {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Body;
    } catch (error) {
      if (!(error instanceof NoSuchKey)) throw error;
      await sleep(POLL_MS);
    }
  }
}

function text(body) {
  return body.transformToString();
}
