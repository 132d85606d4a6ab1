import { createHash } from "node:crypto";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";

import { expectFailure, targetOfFile } from "../support/target.ts";

const { s3, newBucket } = await targetOfFile();

const Bucket = await newBucket();
const MIN_PART = 5 * 1024 * 1024;
const FIRST = Buffer.alloc(MIN_PART + 3, 1);
const LAST = Buffer.alloc(7, 2);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

class Upload {
  readonly Key: string;
  readonly UploadId: string;

  private constructor(Key: string, UploadId: string) {
    this.Key = Key;
    this.UploadId = UploadId;
  }

  static async begin(Key: string, more: object = {}): Promise<Upload> {
    const { UploadId = "" } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ...more }),
    );
    return new Upload(Key, UploadId);
  }

  get name() {
    return { Bucket, Key: this.Key, UploadId: this.UploadId };
  }

  async part(PartNumber: number, Body: Uint8Array, more: object = {}): Promise<CompletedPart> {
    const { ETag, ChecksumCRC32, ChecksumSHA256 } = await s3.send(
      new UploadPartCommand({ ...this.name, PartNumber, Body, ...more }),
    );
    return {
      PartNumber,
      ETag,
      ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
      ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }),
    };
  }

  complete(Parts: CompletedPart[], more: object = {}) {
    return s3.send(
      new CompleteMultipartUploadCommand({ ...this.name, MultipartUpload: { Parts }, ...more }),
    );
  }

  abort() {
    return s3.send(new AbortMultipartUploadCommand(this.name));
  }
}

async function listUploads(Prefix: string): Promise<(string | undefined)[]> {
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  return Uploads?.map(({ UploadId }) => UploadId) ?? [];
}

describe.concurrent("multipart upload", () => {
  test("puts the parts together in order", async () => {
    const upload = await Upload.begin("two", { ContentType: "image/png", Metadata: { a: "1" } });
    const second = await upload.part(2, LAST);
    const first = await upload.part(1, FIRST);
    const { ETag } = await upload.complete([first, second]);
    const of = createHash("md5").update(md5(FIRST)).update(md5(LAST)).digest("hex");
    expect(ETag).toBe(`"${of}-2"`);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "two" }));
    expect(got).toMatchObject({ ETag, ContentType: "image/png", Metadata: { a: "1" } });
    const bytes = (await got.Body?.transformToByteArray()) ?? new Uint8Array();
    expect(md5(bytes).toString("hex")).toBe(md5(Buffer.concat([FIRST, LAST])).toString("hex"));
  });

  test("shows nothing before it is complete", async () => {
    const upload = await Upload.begin("hidden");
    await upload.part(1, LAST);
    await expectFailure(s3.send(new HeadObjectCommand({ Bucket, Key: "hidden" })), 404, "NotFound");
    await upload.abort();
  });

  test("may have one small part, with any number", async () => {
    const upload = await Upload.begin("one");
    await upload.complete([await upload.part(9_999, LAST)]);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "one" }));
    expect(head.ContentLength).toBe(7);
  });

  test("refuses small parts before the last", async () => {
    const upload = await Upload.begin("small");
    const parts = [await upload.part(1, LAST), await upload.part(2, LAST)];
    await expectFailure(upload.complete(parts), 400, "EntityTooSmall");
  });

  test("refuses parts out of order, unknown ones, and wrong ETags", async () => {
    const upload = await Upload.begin("wrong");
    const first = await upload.part(1, FIRST);
    const second = await upload.part(2, LAST);
    await expectFailure(upload.complete([second, first]), 400, "InvalidPartOrder");
    await expectFailure(upload.complete([first, { ...second, PartNumber: 3 }]), 400, "InvalidPart");
    await expectFailure(
      upload.complete([first, { ...second, ETag: first.ETag }]),
      400,
      "InvalidPart",
    );
    await upload.complete([first, second]);
  });

  test("takes the last version of a part", async () => {
    const upload = await Upload.begin("again");
    await upload.part(1, Buffer.from("first"));
    await upload.complete([await upload.part(1, Buffer.from("second"))]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "again" }));
    expect(await Body?.transformToString()).toBe("second");
  });

  test("lists its parts, in pages", async () => {
    const upload = await Upload.begin("parts");
    for (const number of [3, 1, 2]) await upload.part(number, Buffer.alloc(number));
    const first = await s3.send(new ListPartsCommand({ ...upload.name, MaxParts: 2 }));
    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(first.IsTruncated).toBe(true);
    const PartNumberMarker = first.NextPartNumberMarker;
    const rest = await s3.send(new ListPartsCommand({ ...upload.name, PartNumberMarker }));
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3]);
  });

  test("is listed until it is aborted", async () => {
    const upload = await Upload.begin("listed/a");
    expect(await listUploads("listed/")).toEqual([upload.UploadId]);
    await upload.abort();
    expect(await listUploads("listed/")).toEqual([]);
    await expectFailure(upload.part(1, LAST), 404, "NoSuchUpload");
    await expectFailure(upload.complete([{ PartNumber: 1, ETag: "x" }]), 404, "NoSuchUpload");
  });

  test("ends with its completion", async () => {
    const upload = await Upload.begin("ended");
    await upload.complete([await upload.part(1, LAST)]);
    await expectFailure(upload.abort(), 404, "NoSuchUpload");
  });

  test("of another key is NoSuchUpload", async () => {
    const upload = await Upload.begin("mine");
    const call = s3.send(new AbortMultipartUploadCommand({ ...upload.name, Key: "yours" }));
    await expectFailure(call, 404, "NoSuchUpload");
  });

  test("can be completed on the condition that nothing is there", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "taken", Body: "first" }));
    const upload = await Upload.begin("taken");
    const part = await upload.part(1, LAST);
    const call = upload.complete([part], { IfNoneMatch: "*" });
    await expectFailure(call, 412, "PreconditionFailed");
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "taken" }));
    expect(await Body?.transformToString()).toBe("first");
  });

  test("can take parts from another object", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
    const upload = await Upload.begin("from-source");
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({
        ...upload.name,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: "bytes=2-5",
      }),
    );
    await upload.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "from-source" }));
    expect(await Body?.transformToString()).toBe("2345");
  });

  test("has a checksum of its parts' checksums", async () => {
    const upload = await Upload.begin("composite", { ChecksumAlgorithm: "SHA256" });
    const parts = [
      await upload.part(1, FIRST, { ChecksumAlgorithm: "SHA256" }),
      await upload.part(2, LAST, { ChecksumAlgorithm: "SHA256" }),
    ];
    const { ChecksumSHA256, ChecksumType } = await upload.complete(parts);
    const expected = createHash("sha256")
      .update(sha256(FIRST))
      .update(sha256(LAST))
      .digest("base64");
    expect({ ChecksumSHA256, ChecksumType }).toEqual({
      ChecksumSHA256: `${expected}-2`,
      ChecksumType: "COMPOSITE",
    });
  });

  test("can have a checksum of the whole", async () => {
    const upload = await Upload.begin("whole", {
      ChecksumAlgorithm: "CRC32",
      ChecksumType: "FULL_OBJECT",
    });
    const { ETag } = await upload.part(1, Buffer.from("123456789"), { ChecksumAlgorithm: "CRC32" });
    await upload.complete([{ PartNumber: 1, ETag }]);
    const head = await s3.send(
      new HeadObjectCommand({ Bucket, Key: "whole", ChecksumMode: "ENABLED" }),
    );
    expect(head).toMatchObject({
      ChecksumCRC32: Buffer.from("cbf43926", "hex").toString("base64"), // the check value of CRC-32
      ChecksumType: "FULL_OBJECT",
    });
  });
});
