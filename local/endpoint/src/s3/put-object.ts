import { checksumHeaders, checkKey, readDescription } from "./object-headers.ts";
import { receiveBody } from "./receive-body.ts";
import { emptyResponse, quoteEtag, type S3Operation } from "./s3-request.ts";
import { writeObject } from "./write-object.ts";

export const putObject: S3Operation = async (context, request) => {
  checkKey(request.key);
  const description = readDescription(request.headers);
  const object = await writeObject(context, request, "ObjectCreated:Put", async (write) => {
    const received = await receiveBody(request.body, write);
    return { ...received, etag: received.md5, ...description };
  });
  return emptyResponse(200, { etag: quoteEtag(object.etag), ...checksumHeaders(object) });
};
