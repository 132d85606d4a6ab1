import { uriEncode } from "../auth/sigv4.ts";
import { invalidArgument, invalidRequest } from "../aws-error.ts";
import { checksumAlgorithm } from "../checksums/checksum.ts";
import { checksumElement, checksumHeader } from "../checksums/expected-checksum.ts";
import type { Texts } from "../http/message.ts";
import { MAX_LIST_KEYS, MAX_PARTS } from "../limits.ts";
import { stage } from "../storage/staged-file.ts";
import { contentRange, resolveRange } from "./byte-range.ts";
import { findCopySource, parseCopySource } from "./copy-source.ts";
import { checkKey, readDescription } from "./object-headers.ts";
import { type ReceivedBody, receiveBody } from "./receive-body.ts";
import {
  emptyResponse,
  quoteEtag,
  type S3Context,
  type S3Operation,
  type S3Request,
  xmlResponse,
} from "./s3-request.ts";
import type { Upload, UploadHead } from "./upload.ts";

export const createMultipartUpload: S3Operation = (context, { bucket, key, headers }) => {
  checkKey(key);
  context.buckets.get(bucket);
  const checksum = readUploadChecksum(headers);
  const initiatedMs = context.clock.now();
  const head = { bucket, key, initiatedMs, checksum, ...readDescription(headers) };
  const upload = context.uploads.create(head);
  const content = { Bucket: bucket, Key: key, UploadId: upload.id };
  return xmlResponse("InitiateMultipartUploadResult", content, {
    ...(checksum && {
      "x-amz-checksum-algorithm": checksum.algorithm.toUpperCase(),
      "x-amz-checksum-type": checksum.type,
    }),
  });
};

function readUploadChecksum(headers: Texts): UploadHead["checksum"] {
  const name = headers["x-amz-checksum-algorithm"];
  if (name === undefined) return null;
  const algorithm = checksumAlgorithm(name);
  const defaultType = algorithm === "crc64nvme" ? "FULL_OBJECT" : "COMPOSITE";
  const type = headers["x-amz-checksum-type"]?.toUpperCase() ?? defaultType;
  // a CRC of the whole follows from its parts in S3, a SHA does not; CRC64NVME has no composite
  // form
  const isKnown = type === "COMPOSITE" ? algorithm !== "crc64nvme" : algorithm?.startsWith("crc");
  if (algorithm === null || (type !== "COMPOSITE" && type !== "FULL_OBJECT") || isKnown !== true) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${name} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}

export const uploadPart: S3Operation = async (context, request) => {
  const { md5, checksum } = await receivePart(context, request, (write) =>
    receiveBody(request.body, write),
  );
  return emptyResponse(200, { etag: quoteEtag(md5), ...checksumHeader(checksum) });
};

export const uploadPartCopy: S3Operation = async (context, request) => {
  findUpload(context, request);
  const { object, read } = findCopySource(context, request, parseCopySource(request));
  const rangeHeader = request.headers["x-amz-copy-source-range"];
  const range = resolveRange(rangeHeader, object.size) ?? { start: 0, length: object.size };
  if (
    rangeHeader !== undefined &&
    !contentRange(range, object.size).startsWith(rangeHeader.replace("=", " "))
  ) {
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last",
      "x-amz-copy-source-range",
      rangeHeader,
    );
  }
  const headers = { "content-length": String(range.length) };
  const { md5 } = await receivePart(context, request, (write) =>
    receiveBody({ headers, bytes: read(range), payload: { kind: "unsigned" } }, write),
  );
  return xmlResponse("CopyPartResult", {
    LastModified: new Date(context.clock.now()).toISOString(),
    ETag: quoteEtag(md5),
  });
};

async function receivePart(
  context: S3Context,
  request: S3Request,
  receive: (write: (piece: Uint8Array) => Promise<void>) => Promise<ReceivedBody>,
): Promise<ReceivedBody> {
  const number = readPartNumber(request.query);
  const { head } = findUpload(context, request);
  const { file, result } = await stage(context.stagingFolder, receive);
  try {
    const upload = findUpload(context, request); // it may have ended meanwhile
    const { size, md5, checksum } = result;
    if (checksum && head.checksum && checksum.algorithm !== head.checksum.algorithm) {
      throw invalidRequest(
        `Checksum Type mismatch occurred, expected checksum Type: ${head.checksum.algorithm}, actual checksum Type: ${checksum.algorithm}`,
      );
    }
    upload.setPart({ number, size, etag: md5, checksum, uploadedMs: context.clock.now() }, file);
  } catch (error) {
    await file.discard();
    throw error;
  }
  return result;
}

export const abortMultipartUpload: S3Operation = (context, request) => {
  context.uploads.remove(findUpload(context, request));
  return emptyResponse(204);
};

export const listParts: S3Operation = (context, request) => {
  const upload = findUpload(context, request);
  const maxParts = Math.min(MAX_LIST_KEYS, readCount(request.query, "max-parts") ?? MAX_LIST_KEYS);
  const marker = readCount(request.query, "part-number-marker") ?? 0;
  const left = upload.parts.filter(({ number }) => number > marker);
  const page = left.slice(0, maxParts);
  const isTruncated = left.length > page.length;
  return xmlResponse("ListPartsResult", {
    Bucket: request.bucket,
    Key: request.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: isTruncated ? page.at(-1)?.number : undefined,
    MaxParts: maxParts,
    IsTruncated: isTruncated,
    StorageClass: "STANDARD",
    Part: page.map(({ number, uploadedMs, etag, size, checksum }) => ({
      PartNumber: number,
      LastModified: new Date(uploadedMs).toISOString(),
      ETag: quoteEtag(etag),
      Size: size,
      ...(checksum && { [checksumElement(checksum.algorithm)]: checksum.value }),
    })),
  });
};

export const listMultipartUploads: S3Operation = ({ buckets, uploads }, { bucket, query }) => {
  buckets.get(bucket);
  const prefix = query.get("prefix") ?? "";
  const isEncoded = query.get("encoding-type") === "url";
  return xmlResponse("ListMultipartUploadsResult", {
    Bucket: bucket,
    Prefix: prefix,
    EncodingType: isEncoded ? "url" : undefined,
    IsTruncated: false,
    Upload: uploads
      .of(bucket)
      .filter(({ head }) => head.key.startsWith(prefix))
      .map(({ id, head }) => ({
        Key: isEncoded ? uriEncode(head.key) : head.key,
        UploadId: id,
        Initiated: new Date(head.initiatedMs).toISOString(),
        StorageClass: "STANDARD",
      })),
  });
};

export function findUpload({ uploads }: S3Context, { bucket, key, query }: S3Request): Upload {
  return uploads.get(query.get("uploadId") ?? "", { bucket, key });
}

function readPartNumber(query: URLSearchParams): number {
  const number = readCount(query, "partNumber") ?? 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    "partNumber",
    query.get("partNumber") ?? "",
  );
}

function readCount(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(`${name} is not a number`, name, text);
  return Number(text);
}
