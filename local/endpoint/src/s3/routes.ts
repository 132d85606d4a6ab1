import { notImplemented } from "../aws-error.ts";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from "./bucket-operations.ts";
import { completeMultipartUpload } from "./complete-upload.ts";
import { copyObject } from "./copy-object.ts";
import { deleteObject, deleteObjects } from "./delete-objects.ts";
import { getObject } from "./get-object.ts";
import { listObjectsV1, listObjectsV2 } from "./list-objects.ts";
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from "./multipart-operations.ts";
import {
  getNotificationConfiguration,
  putNotificationConfiguration,
} from "./notification-operations.ts";
import { OVERRIDE_PARAMETERS } from "./object-headers.ts";
import { putObject } from "./put-object.ts";
import type { S3Operation, S3Request } from "./s3-request.ts";

export interface Route {
  readonly name: string;
  readonly method: string;
  readonly on: "service" | "bucket" | "object";
  /** Query parameters that make a request this operation. */
  readonly needs: readonly string[];
  /** Further ones it understands. */
  readonly allows: readonly string[];
  /** Whether it is the operation with, or the one without, `x-amz-copy-source`. */
  readonly isCopy: boolean;
  readonly handle: S3Operation;
}

const COPY = { isCopy: true };

function route(
  name: string,
  [method, on]: readonly [string, Route["on"]],
  handle: S3Operation,
  more: Partial<Pick<Route, "needs" | "allows" | "isCopy">> = {},
): Route {
  return { name, method, on, handle, needs: [], allows: [], isCopy: false, ...more };
}

const LIST = ["prefix", "delimiter", "max-keys", "encoding-type"];

const ROUTES: readonly Route[] = [
  route("ListBuckets", ["GET", "service"], listBuckets, { allows: ["prefix"] }),
  route("CreateBucket", ["PUT", "bucket"], createBucket),
  route("HeadBucket", ["HEAD", "bucket"], headBucket),
  route("DeleteBucket", ["DELETE", "bucket"], deleteBucket),
  route("GetBucketLocation", ["GET", "bucket"], getBucketLocation, { needs: ["location"] }),
  route("GetBucketNotificationConfiguration", ["GET", "bucket"], getNotificationConfiguration, {
    needs: ["notification"],
  }),
  route("PutBucketNotificationConfiguration", ["PUT", "bucket"], putNotificationConfiguration, {
    needs: ["notification"],
  }),
  route("ListObjects", ["GET", "bucket"], listObjectsV1, { allows: [...LIST, "marker"] }),
  route("ListObjectsV2", ["GET", "bucket"], listObjectsV2, {
    needs: ["list-type"],
    allows: [...LIST, "continuation-token", "start-after", "fetch-owner"],
  }),
  route("DeleteObjects", ["POST", "bucket"], deleteObjects, { needs: ["delete"] }),
  route("ListMultipartUploads", ["GET", "bucket"], listMultipartUploads, {
    needs: ["uploads"],
    allows: ["prefix", "encoding-type"],
  }),
  route("GetObject", ["GET", "object"], getObject, { allows: OVERRIDE_PARAMETERS }),
  route("HeadObject", ["HEAD", "object"], getObject, { allows: OVERRIDE_PARAMETERS }),
  route("PutObject", ["PUT", "object"], putObject),
  route("CopyObject", ["PUT", "object"], copyObject, COPY),
  route("DeleteObject", ["DELETE", "object"], deleteObject),
  route("CreateMultipartUpload", ["POST", "object"], createMultipartUpload, { needs: ["uploads"] }),
  route("UploadPart", ["PUT", "object"], uploadPart, { needs: ["uploadId", "partNumber"] }),
  route("UploadPartCopy", ["PUT", "object"], uploadPartCopy, {
    needs: ["uploadId", "partNumber"],
    ...COPY,
  }),
  route("CompleteMultipartUpload", ["POST", "object"], completeMultipartUpload, {
    needs: ["uploadId"],
  }),
  route("AbortMultipartUpload", ["DELETE", "object"], abortMultipartUpload, {
    needs: ["uploadId"],
  }),
  route("ListParts", ["GET", "object"], listParts, {
    needs: ["uploadId"],
    allows: ["max-parts", "part-number-marker"],
  }),
];

const SCOPES = { service: "the service", bucket: "a bucket", object: "an object" };

/**
 * Finds the operation a request asks for.
 *
 * @throws AwsError NotImplemented if there is none, or a query parameter is not
 *   understood: `PUT /bucket/key?tagging` must not overwrite the object.
 */
export function findRoute(method: string, { bucket, key, query, headers }: S3Request): Route {
  const on = key !== "" ? "object" : bucket !== "" ? "bucket" : "service";
  const isCopy = headers["x-amz-copy-source"] !== undefined;
  const [found] = ROUTES.filter(
    (candidate) =>
      candidate.method === method &&
      candidate.on === on &&
      candidate.isCopy === isCopy &&
      candidate.needs.every((name) => query.has(name)),
  ).toSorted((a, b) => b.needs.length - a.needs.length);
  const parameters = [...query.keys()].filter((name) => name !== "x-id");
  const unknown = parameters.filter(
    (name) => found?.needs.includes(name) !== true && found?.allows.includes(name) !== true,
  );
  if (found !== undefined && unknown.length === 0) return found;
  const what = unknown.length === 0 ? "" : ` with ${unknown.join(", ")}`;
  throw notImplemented(`${method} on ${SCOPES[on]}${what}`);
}
