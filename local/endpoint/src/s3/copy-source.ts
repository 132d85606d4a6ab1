import { createReadStream } from "node:fs";

import { decodePath } from "../auth/sigv4.ts";
import { invalidArgument } from "../aws-error.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import type { ObjectName } from "./bucket.ts";
import type { ByteRange } from "./byte-range.ts";
import { checkRead, noSuchKey, preconditionFailed } from "./conditions.ts";
import type { S3Context, S3Request } from "./s3-request.ts";

/** Reads `x-amz-copy-source: [/]<bucket>/<encoded key>`. */
export function parseCopySource({ headers }: S3Request): ObjectName {
  const header = headers["x-amz-copy-source"] ?? "";
  const [path = "", version] = header.split("?versionId=");
  const [bucket = "", ...rest] = decodePath(path).replace(/^\//, "").split("/");
  const key = rest.join("/");
  if (bucket === "" || key === "" || version !== undefined) {
    throw invalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source",
      header,
    );
  }
  return { bucket, key };
}

/** The object a copy reads. */
export interface CopySource {
  readonly object: ObjectRecord;
  /**
   * Opens the object's file, which is closed after the last byte. In the tick in which the source
   * was found these are the bytes that its record is about.
   *
   * @throws AwsError NoSuchKey
   */
  readonly read: (range: ByteRange) => AsyncIterable<Buffer>;
}

/** Finds what a copy reads. @throws AwsError NoSuchBucket, NoSuchKey, PreconditionFailed */
export function findCopySource(
  { buckets }: S3Context,
  { headers }: S3Request,
  { bucket, key }: ObjectName,
): CopySource {
  const { objects } = buckets.get(bucket);
  const object = objects.get(key);
  if (object === undefined) throw noSuchKey(key);
  if (checkRead(headers, object, "x-amz-copy-source-") === "not-modified") {
    throw preconditionFailed("x-amz-copy-source-If-None-Match");
  }
  const read = ({ start, length }: ByteRange) => {
    const fd = objects.open(object);
    if (fd === null) throw noSuchKey(key);
    // a stream without bytes would not close the file
    return createReadStream("", { fd, start, end: start + Math.max(1, length) - 1 });
  };
  return { object, read };
}
