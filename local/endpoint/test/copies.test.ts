import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";

import { expectFailure, openTarget } from "./support/target.ts";

const OPEN_FILES = "/proc/self/fd";
const ONLY_AGAINST_HANGS = { timeout: 600_000 };

/** How often this process, of which the endpoint is a part, has a file of that name open. */
function timesOpen(key: string): number {
  return readdirSync(OPEN_FILES).filter((fd) => {
    const path = join(OPEN_FILES, fd);
    return existsSync(path) && readlinkSync(path).endsWith(`/${key}`);
  }).length;
}

test.skipIf(!existsSync(OPEN_FILES))("a copy that is refused leaves no file open", async () => {
  const { s3, newBucket, close } = await openTarget();
  try {
    const Bucket = await newBucket();
    await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
    const Key = "copy";
    const CopySource = `${Bucket}/source`;
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const part = { Bucket, Key, UploadId, CopySource };
    const copyOf = (more: { PartNumber: number; CopySourceRange?: string }) =>
      s3.send(new UploadPartCopyCommand({ ...part, ...more }));
    await expectFailure(copyOf({ PartNumber: 1, CopySourceRange: "2-4" }), 400, "InvalidArgument");
    await expectFailure(
      copyOf({ PartNumber: 1, CopySourceRange: "bytes=10-12" }),
      416,
      "InvalidRange",
    );
    await expectFailure(copyOf({ PartNumber: 10_001 }), 400, "InvalidArgument");
    expect(timesOpen("source")).toBe(0);
    await copyOf({ PartNumber: 1, CopySourceRange: "bytes=2-4" });
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
    await expect.poll(() => timesOpen("source"), ONLY_AGAINST_HANGS).toBe(0);
  } finally {
    await close();
  }
});
