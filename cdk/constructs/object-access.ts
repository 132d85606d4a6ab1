import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { IConstruct } from "constructs";

import {
  JOB_PREFIX,
  MODEL_PREFIX,
  REQUEST_PREFIX,
  RESPONSE_PREFIX,
  UPLOAD_PREFIX,
} from "../../lib/pipeline/keys.ts";
import type { ObjectAccess } from "./access.ts";
import { acknowledge, logicalId } from "./acknowledge.ts";

/** An initial image is an upload, or a tile or sheet of another job. */
const INITIAL_IMAGES = [UPLOAD_PREFIX, JOB_PREFIX];

const WORKER: ObjectAccess = {
  read: [MODEL_PREFIX, ...INITIAL_IMAGES],
  write: [JOB_PREFIX],
};

/** Which part of the bucket each function reads and writes. */
export const OBJECTS_OF = {
  intake: {
    read: [REQUEST_PREFIX, MODEL_PREFIX, ...INITIAL_IMAGES],
    // it publishes the networks that come with the code
    write: [RESPONSE_PREFIX, JOB_PREFIX, MODEL_PREFIX],
  },
  worker: WORKER,
  "gpu-worker": WORKER,
  assembler: { read: [JOB_PREFIX], write: [JOB_PREFIX] },
  "dead-letter": { read: [JOB_PREFIX], write: [JOB_PREFIX] },
  // it does too, and signs the links by which callers upload images and networks
  api: {
    read: [MODEL_PREFIX, ...INITIAL_IMAGES],
    write: [JOB_PREFIX, UPLOAD_PREFIX, MODEL_PREFIX],
  },
} as const satisfies Record<string, ObjectAccess>;

/** Accepts, in everything under `scope`, that statements name the bucket's objects by prefix. */
export function acknowledgePrefixes(scope: IConstruct, bucket: IBucket): void {
  const prefixes = new Set(
    Object.values(OBJECTS_OF).flatMap(({ read, write }) => [...read, ...write]),
  );
  for (const prefix of prefixes) {
    acknowledge(scope, {
      [`AwsSolutions-IAM5[Resource::<${logicalId(bucket)}.Arn>/${prefix}*]`]:
        "objects are named after jobs that do not exist yet; the statement is for this prefix of the job bucket and for s3:GetObject or s3:PutObject alone, and each function has only the prefixes it works with",
    });
  }
}
