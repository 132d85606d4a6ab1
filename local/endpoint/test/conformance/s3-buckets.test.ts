import { Readable } from "node:stream";

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";

import { expectFailure, newName, s3At, targetOfFile } from "../support/target.ts";

const { s3, newBucket, url, credentials } = await targetOfFile();

describe.concurrent("buckets", () => {
  test("are there after they were created, and gone after they were deleted", async () => {
    const Bucket = await newBucket();
    await s3.send(new HeadBucketCommand({ Bucket }));
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await expectFailure(s3.send(new HeadBucketCommand({ Bucket })), 404, "NotFound");
  });

  test("can be created again by their owner, and keep their objects", async () => {
    const Bucket = await newBucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" }));
    await s3.send(new CreateBucketCommand({ Bucket }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
    expect(await Body?.transformToString()).toBe("x");
  });

  test("with objects cannot be deleted", async () => {
    const Bucket = await newBucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" }));
    await expectFailure(s3.send(new DeleteBucketCommand({ Bucket })), 409, "BucketNotEmpty");
  });

  test.each(["ab", "Upper-Case", "under_score", "two..dots", "192.168.1.1", "-dash"])(
    "cannot be called %s",
    async (Bucket) => {
      // the SDK has its own opinion, which is not under test
      const call = s3.send(new CreateBucketCommand({ Bucket }));
      await expectFailure(call, 400, "InvalidBucketName");
    },
  );

  test("of us-east-1 have no location constraint", async () => {
    const Bucket = await newBucket();
    const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(LocationConstraint ?? "").toBe("");
  });

  test("that do not exist cannot be deleted", async () => {
    const call = s3.send(new DeleteBucketCommand({ Bucket: newName("bucket") }));
    await expectFailure(call, 404, "NoSuchBucket");
  });
});

/** Features that S3 has and this project must not rely on. Other endpoints may have them. */
describe.skipIf(process.env["DREAMGRID_CONFORMANCE_ENDPOINT"] !== undefined)(
  "what is not implemented answers 501",
  () => {
    test("for tagging, and leaves the object alone", async () => {
      const Bucket = await newBucket();
      await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "original" }));
      const put = new PutObjectTaggingCommand({ Bucket, Key: "a", Tagging: { TagSet: [] } });
      await expectFailure(s3.send(put), 501, "NotImplemented");
      const get = new GetObjectTaggingCommand({ Bucket, Key: "a" });
      await expectFailure(s3.send(get), 501, "NotImplemented");
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
      expect(await Body?.transformToString()).toBe("original");
    });

    test("for versioning and policies", async () => {
      const Bucket = await newBucket();
      const VersioningConfiguration = { Status: "Enabled" } as const;
      const versioning = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration });
      await expectFailure(s3.send(versioning), 501, "NotImplemented");
      const policy = new PutBucketPolicyCommand({ Bucket, Policy: "{}" });
      await expectFailure(s3.send(policy), 501, "NotImplemented");
    });

    test.each([
      { Tagging: "a=b" },
      { ACL: "public-read" },
      { StorageClass: "GLACIER" },
      { ServerSideEncryption: "aws:kms" },
      { ObjectLockLegalHoldStatus: "ON" },
    ] as const)("for a PUT with %j, which stores nothing", async (option) => {
      const Bucket = await newBucket();
      const put = s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x", ...option }));
      await expectFailure(put, 501, "NotImplemented");
      await expectFailure(s3.send(new GetObjectCommand({ Bucket, Key: "a" })), 404, "NoSuchKey");
    });

    test("but not for an encryption that S3 applies anyway (control)", async () => {
      const Bucket = await newBucket();
      const put = new PutObjectCommand({
        Bucket,
        Key: "a",
        Body: "x",
        ServerSideEncryption: "AES256",
      });
      await expect(s3.send(put)).resolves.toMatchObject({ ETag: expect.any(String) });
    });
  },
);

describe.concurrent("checksums", () => {
  // of the text 123456789: the check values of the CRC catalogue, and FIPS 180-4 by sha1sum,
  // sha256sum
  const KNOWN = {
    CRC32: "cbf43926",
    CRC32C: "e3069283",
    CRC64NVME: "ae8b14860a799888",
    SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
  } as const;
  const algorithms = Object.entries(KNOWN).map(([algorithm, hex]) => ({
    member: `Checksum${algorithm}`,
    algorithm: algorithm as keyof typeof KNOWN,
    value: Buffer.from(hex, "hex").toString("base64"),
  }));

  test.each(algorithms)("$algorithm is verified, kept and returned", async ({ member, value }) => {
    const Bucket = await newBucket();
    const put = (Body: string) =>
      s3.send(new PutObjectCommand({ Bucket, Key: "a", Body, [member]: value }));
    await expectFailure(put("something else"), 400, "BadDigest");
    expect(await put("123456789")).toMatchObject({ [member]: value });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a", ChecksumMode: "ENABLED" }));
    expect(got).toMatchObject({ [member]: value, ChecksumType: "FULL_OBJECT" });
    expect(await got.Body?.transformToString()).toBe("123456789");
  });

  test.each(algorithms)(
    "$algorithm in a trailer is verified",
    async ({ algorithm, member, value }) => {
      const Bucket = await newBucket();
      const Body = Readable.from([Buffer.from("12345"), Buffer.from("6789")]);
      const put = { Bucket, Key: "a", Body, ContentLength: 9, ChecksumAlgorithm: algorithm };
      expect(await s3.send(new PutObjectCommand(put))).toMatchObject({ [member]: value });
    },
  );

  test("Content-MD5 is verified", async () => {
    const Bucket = await newBucket();
    const put = (ContentMD5: string) =>
      s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "abc", ContentMD5 }));
    await expectFailure(put("1B2M2Y8AsgTpgAmY7PhCfg=="), 400, "BadDigest"); // that of nothing
    await expectFailure(put("short"), 400, "InvalidDigest");
    await put("kAFQmDzST7DWlj99KOF/cg=="); // RFC 1321
  });

  test("a client that sends none is served too", async () => {
    const Bucket = await newBucket();
    const client = s3At(url, { credentials, requestChecksumCalculation: "WHEN_REQUIRED" });
    await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "abc" }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a", ChecksumMode: "ENABLED" }));
    expect(await got.Body?.transformToString()).toBe("abc");
  });
});
