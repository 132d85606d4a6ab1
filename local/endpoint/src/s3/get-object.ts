import { contentRange, resolveRange } from "./byte-range.ts";
import { checkRead, noSuchKey } from "./conditions.ts";
import { checksumHeaders, objectHeaders, overriddenHeaders } from "./object-headers.ts";
import { emptyResponse, type S3Operation } from "./s3-request.ts";

/** GET and HEAD: the server leaves out the body of the latter. */
export const getObject: S3Operation = ({ buckets }, { bucket, key, headers, query }) => {
  const { objects } = buckets.get(bucket);
  const object = objects.get(key);
  if (object === undefined) throw noSuchKey(key);
  const responseHeaders = { ...objectHeaders(object), ...overriddenHeaders(query) };
  if (checkRead(headers, object) === "not-modified") {
    return emptyResponse(304, responseHeaders);
  }
  const range = resolveRange(headers["range"], object.size);
  // opened in the same tick as the record was read: a later overwrite changes neither
  const fd = objects.open(object);
  if (fd === null) throw noSuchKey(key);
  const wantsChecksum = headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED";
  const more =
    range !== null
      ? { "content-range": contentRange(range, object.size) }
      : wantsChecksum && checksumHeaders(object);
  return {
    status: range === null ? 200 : 206,
    headers: { ...responseHeaders, ...more },
    body: { fd, ...(range ?? { start: 0, length: object.size }) },
  };
};
