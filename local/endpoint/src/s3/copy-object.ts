import { invalidRequest } from "../aws-error.ts";
import { findCopySource, parseCopySource } from "./copy-source.ts";
import { checkKey, readDescription } from "./object-headers.ts";
import { quoteEtag, type S3Operation, xmlResponse } from "./s3-request.ts";
import { writeObject } from "./write-object.ts";

export const copyObject: S3Operation = async (context, request) => {
  const { key, headers } = request;
  checkKey(key);
  const replaces = headers["x-amz-metadata-directive"]?.toUpperCase() === "REPLACE";
  const sourceName = parseCopySource(request);
  if (sourceName.bucket === request.bucket && sourceName.key === key && !replaces) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata",
    );
  }
  context.buckets.get(request.bucket);
  const { object: source, read } = findCopySource(context, request, sourceName);
  const { size, md5, checksum } = source;
  const { headers: sent, metadata } = replaces ? readDescription(headers) : source;
  const copy = await writeObject(context, request, "ObjectCreated:Copy", async (write) => {
    for await (const piece of read({ start: 0, length: size })) await write(piece);
    // a copy is one piece: neither the ETag nor the checksum of parts is its own
    const wholeChecksum = checksum?.value.includes("-") ? null : checksum;
    return { size, etag: md5, md5, checksum: wholeChecksum, headers: sent, metadata };
  });
  return xmlResponse("CopyObjectResult", {
    LastModified: new Date(copy.lastModifiedMs).toISOString(),
    ETag: quoteEtag(md5),
  });
};
