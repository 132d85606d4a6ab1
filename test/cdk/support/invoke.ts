import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { CREDENTIALS, REGION } from "@dreamgrid/aws-endpoint";
import * as z from "zod";

const DRIVER = fileURLToPath(new URL("invoke.mjs", import.meta.url));

/**
 * Calls a packed function in a process of its own, started in its folder, with nothing of this
 * process's environment but what is given.
 *
 * @throws Error with what the process wrote, if it fails
 */
export async function invoke(
  folder: string,
  event: unknown,
  environment: Readonly<Record<string, string>>,
): Promise<unknown> {
  const child = spawn(process.execPath, [DRIVER, folder], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      ...environment,
    },
  });
  child.stdin.end(JSON.stringify(event));
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`the function ended with ${code}: ${output}${errors}`);
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

const object = z.looseObject({});
const recordedCall = read("api-event.json", z.looseObject({ requestContext: object }));
const [recordedMessage] = read("sqs-event.json", z.object({ Records: z.tuple([object]) })).Records;
const [recordedCreation] = read(
  "s3-notification.json",
  z.object({
    Records: z.tuple([z.looseObject({ s3: z.looseObject({ bucket: object, object }) })]),
  }),
).Records;

/** Messages with these bodies. */
export function messagesEvent(bodies: readonly string[]) {
  return {
    Records: bodies.map((body, i) => ({ ...recordedMessage, messageId: `message-${i}`, body })),
  };
}

/** A message for each object that S3 says was created. */
export function creationsEvent(bucket: string, keys: readonly string[]) {
  const { s3 } = recordedCreation;
  const creation = (key: string) => ({
    ...recordedCreation,
    s3: { ...s3, bucket: { ...s3.bucket, name: bucket }, object: { ...s3.object, key } },
  });
  return messagesEvent(keys.map((key) => JSON.stringify({ Records: [creation(key)] })));
}

/** A call of the REST API. */
export function callEvent(httpMethod: string, path: string, body: unknown = null) {
  return {
    ...recordedCall,
    httpMethod,
    // as many parts as the template has
    resource: path,
    path,
    requestContext: { ...recordedCall.requestContext, httpMethod, path: `/prod${path}` },
    body: body === null ? null : JSON.stringify(body),
  };
}

/** An event as AWS sent it once. */
function read<T>(name: string, schema: z.ZodType<T>): T {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  return schema.parse(JSON.parse(readFileSync(url, "utf8")));
}
