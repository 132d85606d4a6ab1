import { checksumHeaders, checkKey, readDescription } from "./object-headers.ts";
import { commitObject } from "./commit-object.ts";
import { receiveBody } from "./receive-body.ts";
import { emptyResponse, quoteEtag, type S3Operation } from "./s3-request.ts";
import { stage } from "../storage/staged-file.ts";

export const putObject: S3Operation = async (context, request) => {
  const { key } = request;
  checkKey(key);
  const description = readDescription(request.headers);
  const bucket = context.buckets.get(request.bucket);
  return bucket.writes.during(key, async (write) => {
    const { file, result, fileTimeMs } = await stage(context.stagingFolder, (staged) =>
      receiveBody(request.body, (piece) => staged.write(piece)),
    );
    const { size, md5, checksum } = result;
    const object = { key, size, etag: md5, md5, checksum, fileTimeMs, ...description };
    const event = "ObjectCreated:Put";
    await commitObject(context, request, { object, staged: file, write, event });
    return emptyResponse(200, { etag: quoteEtag(md5), ...checksumHeaders({ checksum }) });
  });
};
