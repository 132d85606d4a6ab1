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
  readonly path: Path;
  /** Query parameters that make a request this operation. */
  readonly needs: readonly string[];
  /** Further ones it understands. */
  readonly allows: readonly string[];
  readonly handle: S3Operation;
}

const PATHS = { "/": "the service", "/bucket": "a bucket", "/bucket/key": "an object" };
type Path = keyof typeof PATHS;

/**
 * `PUT+copy` is a PUT with `x-amz-copy-source`. The query parameters of `pattern` must be there.
 */
function route(
  name: string,
  pattern: `${string} ${Path}` | `${string} ${Path}?${string}`,
  handle: S3Operation,
  allows: readonly string[] = [],
): Route {
  const [method = "", target = ""] = pattern.split(" ");
  const [path, query] = target.split("?");
  return { name, method, path: path as Path, needs: query?.split("&") ?? [], handle, allows };
}

const LIST = ["prefix", "delimiter", "max-keys", "encoding-type"];
const LIST_V2 = [...LIST, "continuation-token", "start-after", "fetch-owner"];
const LIST_UPLOADS = ["prefix", "encoding-type"];
const LIST_PARTS = ["max-parts", "part-number-marker"];
const NOTIFICATION = "/bucket?notification";
const PART = "/bucket/key?uploadId&partNumber";
const UPLOAD = "/bucket/key?uploadId";

const ROUTES: readonly Route[] = [
  route("ListBuckets", "GET /", listBuckets, ["prefix"]),
  route("CreateBucket", "PUT /bucket", createBucket),
  route("HeadBucket", "HEAD /bucket", headBucket),
  route("DeleteBucket", "DELETE /bucket", deleteBucket),
  route("GetBucketLocation", "GET /bucket?location", getBucketLocation),
  route("GetBucketNotificationConfiguration", `GET ${NOTIFICATION}`, getNotificationConfiguration),
  route("PutBucketNotificationConfiguration", `PUT ${NOTIFICATION}`, putNotificationConfiguration),
  route("ListObjects", "GET /bucket", listObjectsV1, [...LIST, "marker"]),
  route("ListObjectsV2", "GET /bucket?list-type", listObjectsV2, LIST_V2),
  route("DeleteObjects", "POST /bucket?delete", deleteObjects),
  route("ListMultipartUploads", "GET /bucket?uploads", listMultipartUploads, LIST_UPLOADS),
  route("GetObject", "GET /bucket/key", getObject, OVERRIDE_PARAMETERS),
  route("HeadObject", "HEAD /bucket/key", getObject, OVERRIDE_PARAMETERS),
  route("PutObject", "PUT /bucket/key", putObject),
  route("CopyObject", "PUT+copy /bucket/key", copyObject),
  route("DeleteObject", "DELETE /bucket/key", deleteObject),
  route("CreateMultipartUpload", "POST /bucket/key?uploads", createMultipartUpload),
  route("UploadPart", `PUT ${PART}`, uploadPart),
  route("UploadPartCopy", `PUT+copy ${PART}`, uploadPartCopy),
  route("CompleteMultipartUpload", `POST ${UPLOAD}`, completeMultipartUpload),
  route("AbortMultipartUpload", `DELETE ${UPLOAD}`, abortMultipartUpload),
  route("ListParts", `GET ${UPLOAD}`, listParts, LIST_PARTS),
];

/**
 * Finds the operation a request asks for.
 *
 * @throws AwsError NotImplemented if there is none, or a query parameter is not
 *   understood: `PUT /bucket/key?tagging` must not overwrite the object.
 */
export function findRoute(method: string, { bucket, key, query, headers }: S3Request): Route {
  const path = key !== "" ? "/bucket/key" : bucket !== "" ? "/bucket" : "/";
  const verb = headers["x-amz-copy-source"] === undefined ? method : `${method}+copy`;
  const [found] = ROUTES.filter(
    (candidate) =>
      candidate.method === verb &&
      candidate.path === path &&
      candidate.needs.every((name) => query.has(name)),
  ).toSorted((a, b) => b.needs.length - a.needs.length);
  const parameters = [...query.keys()].filter((name) => name !== "x-id");
  const unknown = parameters.filter(
    (name) => found?.needs.includes(name) !== true && found?.allows.includes(name) !== true,
  );
  if (found !== undefined && unknown.length === 0) return found;
  const what = unknown.length === 0 ? "" : ` with ${unknown.join(", ")}`;
  throw notImplemented(`${method} on ${PATHS[path]}${what}`);
}
