import * as z from "zod";

import { AwsError, invalidRequest } from "../aws-error.ts";
import { MAX_DELETE_KEYS } from "../limits.ts";
import { element, parseXml } from "../xml.ts";
import { checkIfMatch } from "./conditions.ts";
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
  removeObject(context, request, { Key: request.key, ETag: request.headers["if-match"] });
  return emptyResponse(204);
};

const entrySchema = element({
  Key: z.string().min(1),
  ETag: z.string().optional(),
  VersionId: z.string().optional(),
});
type Entry = z.output<typeof entrySchema>;

const deleteSchema = element({
  Object: z.array(entrySchema).min(1).max(MAX_DELETE_KEYS),
  Quiet: z.string().optional(),
});

export const deleteObjects: S3Operation = async (context, request) => {
  const { text, received } = await receiveText(request.body);
  if (received.checksum === null && request.headers["content-md5"] === undefined) {
    throw invalidRequest(
      "Missing required header for this request: Content-MD5 or x-amz-checksum-*",
    );
  }
  context.buckets.get(request.bucket);
  const { Object: entries, Quiet } = parseXml(text, "Delete", deleteSchema);
  const results = entries.map((entry) => removeEntry(context, request, entry));
  return xmlResponse("DeleteResult", {
    Deleted: Quiet === "true" ? [] : results.filter((result) => !("Code" in result)),
    Error: results.filter((result) => "Code" in result),
  });
};

function removeEntry(context: S3Context, request: S3Request, entry: Entry): object {
  const { Key, VersionId } = entry;
  if (VersionId !== undefined) {
    return { Key, Code: "NotImplemented", Message: "object versions are not implemented" };
  }
  try {
    removeObject(context, request, entry);
    return { Key };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { Key, Code: error.code, Message: error.message };
  }
}

function removeObject(
  { buckets, notifier }: S3Context,
  request: S3Request,
  { Key, ETag }: Pick<Entry, "Key" | "ETag">,
): void {
  const bucket = buckets.get(request.bucket);
  checkIfMatch(ETag, bucket.objects.get(Key));
  if (!bucket.objects.remove(Key)) return;
  bucket.writes.keyWasRemoved(Key);
  const event = { name: "ObjectRemoved:Delete", key: Key, content: null, requestId: request.id };
  notifier.notify(bucket, event);
}
