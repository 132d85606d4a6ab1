import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { AwsError } from "../aws-error.ts";
import { compareUtf8 } from "../storage/sorted-keys.ts";
import type { ObjectName } from "./bucket.ts";
import { Upload, type UploadHead } from "./upload.ts";

/** The multipart uploads under way, in the data folder. */
export class Uploads {
  readonly #folder: string;
  readonly #uploads = new Map<string, Upload>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const id of readdirSync(folder)) {
      const upload = Upload.reopen(id, join(folder, id));
      if (upload === null) rmSync(join(folder, id), { recursive: true });
      else this.#uploads.set(id, upload);
    }
  }

  create(head: UploadHead): Upload {
    const id = randomBytes(24).toString("hex");
    const upload = Upload.create(id, join(this.#folder, id), head);
    this.#uploads.set(id, upload);
    return upload;
  }

  /** @throws AwsError NoSuchUpload, also if the upload is of another object */
  get(id: string, { bucket, key }: ObjectName): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.head.bucket !== bucket || upload.head.key !== key) {
      throw new AwsError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
        { UploadId: id },
      );
    }
    if (upload.isCompleting) {
      throw new AwsError("OperationAborted", "The upload is being completed. Please try again.");
    }
    return upload;
  }

  /** By key, and those of one key by time. */
  of(bucket: string): readonly Upload[] {
    return [...this.#uploads.values()]
      .filter(({ head }) => head.bucket === bucket)
      .toSorted(
        ({ head: a }, { head: b }) => compareUtf8(a.key, b.key) || a.initiatedMs - b.initiatedMs,
      );
  }

  remove(upload: Upload): void {
    this.#uploads.delete(upload.id);
    upload.remove();
  }

  abortAllOf(bucket: string): void {
    for (const upload of this.of(bucket)) this.remove(upload);
  }

  close(): void {
    for (const upload of this.#uploads.values()) upload.close();
  }
}
