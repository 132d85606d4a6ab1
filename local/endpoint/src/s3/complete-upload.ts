import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

import * as z from "zod";

import { AwsError, invalidRequest } from "../aws-error.ts";
import { type Checksum, type ChecksumAlgorithm, createHasher } from "../checksums/checksum.ts";
import {
  badDigest,
  checksumElement,
  readExpectedChecksum,
} from "../checksums/expected-checksum.ts";
import { MIN_PART_BYTES } from "../limits.ts";
import { element, parseXml } from "../xml.ts";
import { findUpload } from "./multipart-operations.ts";
import { receiveText } from "./receive-body.ts";
import { quoteEtag, type S3Operation, xmlResponse } from "./s3-request.ts";
import type { Part, Upload } from "./upload.ts";
import { writeObject } from "./write-object.ts";

const EVENT = "ObjectCreated:CompleteMultipartUpload";

export const completeMultipartUpload: S3Operation = async (context, request) => {
  const { bucket, key, headers } = request;
  // the checksum header of this request is about the object, not about its own body
  const bodyHeaders = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith("x-amz-checksum-")),
  );
  const { text } = await receiveText({ ...request.body, headers: bodyHeaders });
  context.buckets.get(bucket);
  const upload = findUpload(context, request);
  const parts = chooseParts(upload, text);
  checkDeclaredSize(headers["x-amz-mp-object-size"], parts);
  upload.isCompleting = true;
  try {
    const { etag, checksum } = await writeObject(context, request, EVENT, async (write) => {
      const joined = await join(upload, parts, write);
      const expected = readExpectedChecksum(headers);
      if (expected !== null && joined.checksum !== null && expected.value !== joined.checksum.value)
        throw badDigest(expected.algorithm);
      const { headers: sent, metadata } = upload.head;
      return { ...joined, etag: compositeEtag(parts), headers: sent, metadata };
    });
    context.uploads.remove(upload);
    return xmlResponse("CompleteMultipartUploadResult", {
      Location: `/${bucket}/${key}`,
      Bucket: bucket,
      Key: key,
      ETag: quoteEtag(etag),
      ...(checksum && {
        [checksumElement(checksum.algorithm)]: checksum.value,
        ChecksumType: upload.head.checksum?.type,
      }),
    });
  } finally {
    upload.isCompleting = false;
  }
};

const completionSchema = element({
  Part: z.array(element({ PartNumber: z.string(), ETag: z.string().default("") })).min(1),
});

/** @throws AwsError InvalidPart, InvalidPartOrder, EntityTooSmall */
function chooseParts(upload: Upload, xml: string): readonly Part[] {
  const { Part: entries } = parseXml(xml, "CompleteMultipartUpload", completionSchema);
  const parts = entries.map((entry) => {
    const etag = entry.ETag.replaceAll('"', "");
    const part = upload.part(Number(entry.PartNumber));
    const checksum = part?.checksum;
    const given = checksum && entry[checksumElement(checksum.algorithm)];
    if (part?.etag !== etag || (given && given !== checksum.value)) {
      throw new AwsError(
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { UploadId: upload.id, PartNumber: entry.PartNumber, ETag: etag },
      );
    }
    return part;
  });
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    if (next === undefined) break;
    if (next.number <= part.number) {
      throw new AwsError(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        { UploadId: upload.id },
      );
    }
    if (part.size < MIN_PART_BYTES) {
      throw new AwsError(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        {
          ProposedSize: part.size,
          MinSizeAllowed: MIN_PART_BYTES,
          PartNumber: part.number,
        },
      );
    }
  }
  return parts;
}

function checkDeclaredSize(declared: string | undefined, parts: readonly Part[]): void {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (declared === undefined || declared === String(size)) return;
  throw invalidRequest(
    `The provided 'x-amz-mp-object-size' header value ${declared} does not match what was computed: ${size}`,
  );
}

/** Writes the parts one after the other, computing what describes the whole. */
async function join(
  upload: Upload,
  parts: readonly Part[],
  write: (piece: Buffer) => Promise<void>,
): Promise<{ readonly size: number; readonly md5: string; readonly checksum: Checksum | null }> {
  const { checksum } = upload.head;
  const whole = checksum?.type === "FULL_OBJECT" ? createHasher(checksum.algorithm) : null;
  const md5 = createHash("md5");
  let size = 0;
  for (const part of parts) {
    for await (const piece of createReadStream(upload.partPath(part)) as AsyncIterable<Buffer>) {
      size += piece.length;
      md5.update(piece);
      whole?.update(piece);
      await write(piece);
    }
  }
  const description = { size, md5: md5.digest("hex") };
  if (checksum === null) return { ...description, checksum: null };
  const { algorithm } = checksum;
  const value = whole?.digest().toString("base64") ?? compositeChecksum(parts, algorithm);
  return { ...description, checksum: { algorithm, value } };
}

function compositeChecksum(parts: readonly Part[], algorithm: ChecksumAlgorithm): string {
  const hasher = createHasher(algorithm);
  for (const part of parts) {
    if (part.checksum === null) {
      throw invalidRequest(
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
      );
    }
    hasher.update(Buffer.from(part.checksum.value, "base64"));
  }
  return `${hasher.digest().toString("base64")}-${parts.length}`;
}

/** MD5 of the parts' MD5s, then how many there were. */
function compositeEtag(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}
