import { AwsError } from "../aws-error.ts";
import { MAX_DELETE_KEYS } from "../limits.ts";
import { childrenOf, childText, malformedXml, parseXml, type XmlNode } from "../xml.ts";
import { checkDelete } from "./conditions.ts";
import { receiveText } from "./receive-body.ts";
import {
  emptyResponse,
  type S3Context,
  type S3Operation,
  type S3Request,
  xmlResponse,
} from "./s3-request.ts";

/** Deleting what is not there succeeds too. */
export const deleteObject: S3Operation = (context, request) => {
  removeObject(context, request, request.key, request.headers);
  return emptyResponse(204);
};

export const deleteObjects: S3Operation = async (context, request) => {
  const { text, received } = await receiveText(request.body);
  if (received.checksum === null && request.headers["content-md5"] === undefined) {
    throw new AwsError(
      400,
      "InvalidRequest",
      "Missing required header for this request: Content-MD5 or x-amz-checksum-*",
    );
  }
  context.buckets.get(request.bucket);
  const root = parseXml(text, "Delete");
  const entries = childrenOf(root, "Object");
  if (entries.length === 0 || entries.length > MAX_DELETE_KEYS) throw malformedXml();
  const results = entries.map((entry) => removeEntry(context, request, entry));
  const isQuiet = childText(root, "Quiet") === "true";
  return xmlResponse("DeleteResult", {
    Deleted: isQuiet ? [] : results.filter((result) => !("Code" in result)),
    Error: results.filter((result) => "Code" in result),
  });
};

function removeEntry(
  context: S3Context,
  request: S3Request,
  entry: XmlNode,
): Record<string, string> {
  const key = childText(entry, "Key");
  if (key === null || key === "") throw malformedXml();
  if (childText(entry, "VersionId") !== null) {
    return { Key: key, Code: "NotImplemented", Message: "object versions are not implemented" };
  }
  const etag = childText(entry, "ETag");
  try {
    removeObject(context, request, key, etag === null ? {} : { "if-match": etag });
    return { Key: key };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { Key: key, Code: error.code, Message: error.message };
  }
}

function removeObject(
  { buckets, notifier }: S3Context,
  request: S3Request,
  key: string,
  conditions: Readonly<Record<string, string>>,
): void {
  const bucket = buckets.get(request.bucket);
  checkDelete(conditions, bucket.objects.get(key));
  if (!bucket.objects.remove(key)) return;
  bucket.writes.keyWasRemoved(key);
  notifier.objectRemoved(bucket, key, request.id);
}
