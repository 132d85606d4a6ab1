import { AwsError } from "../aws-error.ts";
import { stage } from "../storage/staged-file.ts";
import { commitObject } from "./commit-object.ts";
import { copiedBytes, openCopySource, parseCopySource } from "./copy-source.ts";
import { checkKey, readDescription } from "./object-headers.ts";
import { quoteEtag, type S3Operation, xmlResponse } from "./s3-request.ts";

export const copyObject: S3Operation = async (context, request) => {
  const { key, headers } = request;
  checkKey(key);
  const replaces = headers["x-amz-metadata-directive"]?.toUpperCase() === "REPLACE";
  const sourceName = parseCopySource(request);
  if (sourceName.bucket === request.bucket && sourceName.key === key && !replaces) {
    throw new AwsError(
      400,
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata",
    );
  }
  const bucket = context.buckets.get(request.bucket);
  const source = openCopySource(context, request, sourceName);
  const { size, md5, checksum, ...original } = source.object;
  return bucket.writes.during(key, async (write) => {
    const { file, fileTimeMs } = await stage(context.stagingFolder, async (staged) => {
      for await (const piece of copiedBytes(source, { start: 0, length: size }))
        await staged.write(piece);
    });
    const { headers: sent, metadata } = replaces ? readDescription(headers) : original;
    // a copy is one piece: neither the ETag nor the checksum of parts is its own
    const wholeChecksum = checksum?.value.includes("-") ? null : checksum;
    const content = { size, etag: md5, md5, checksum: wholeChecksum };
    const lastModifiedMs = await commitObject(context, request, {
      object: { key, ...content, fileTimeMs, headers: sent, metadata },
      staged: file,
      write,
      event: "ObjectCreated:Copy",
    });
    return xmlResponse("CopyObjectResult", {
      LastModified: new Date(lastModifiedMs).toISOString(),
      ETag: quoteEtag(md5),
    });
  });
};
