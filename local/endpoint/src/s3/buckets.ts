import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import * as z from "zod";

import { AwsError } from "../aws-error.ts";
import { readOwnFile } from "../storage/damaged-file.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { replaceFile } from "../storage/journal.ts";
import { ObjectStore } from "../storage/object-store.ts";
import { type Bucket, OngoingWrites } from "./bucket.ts";
import { type NotificationRule, notificationRuleSchema } from "./notification-rule.ts";

/** Content of `bucket.json`. */
const bucketFileSchema = z.object({
  createdAtMs: z.number(),
  rules: z.array(notificationRuleSchema),
});
type BucketFile = Pick<Bucket, "createdAtMs" | "rules">;

/** All buckets of a data folder. */
export class Buckets {
  readonly #folder: DataFolder;
  readonly #buckets = new Map<string, Bucket>();

  constructor(folder: DataFolder) {
    this.#folder = folder;
    mkdirSync(folder.buckets, { recursive: true });
    for (const name of readdirSync(folder.buckets)) {
      // without its file, a bucket was being created or deleted when the process died
      if (!existsSync(this.#file(name))) continue;
      const path = this.#file(name);
      const file = readOwnFile(path, "delete it, and the bucket is made anew from its files", () =>
        bucketFileSchema.parse(JSON.parse(readFileSync(path, "utf8"))),
      );
      this.#open(name, file);
    }
  }

  get all(): readonly Bucket[] {
    return [...this.#buckets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws AwsError NoSuchBucket */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      throw new AwsError("NoSuchBucket", "The specified bucket does not exist", {
        BucketName: name,
      });
    }
    return bucket;
  }

  /**
   * The bucket of that name, which is created if it is not there.
   *
   * @throws AwsError InvalidBucketName
   */
  getOrCreate(name: string, nowMs: number): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    checkBucketName(name);
    const file = { createdAtMs: nowMs, rules: [] };
    this.#write(name, file);
    return this.#open(name, file);
  }

  setRules(name: string, rules: readonly NotificationRule[]): Bucket {
    const bucket = this.get(name);
    this.#write(name, { createdAtMs: bucket.createdAtMs, rules });
    const changed = { ...bucket, rules };
    this.#buckets.set(name, changed);
    return changed;
  }

  /** @throws AwsError BucketNotEmpty */
  delete(name: string): void {
    const { objects } = this.get(name);
    if (objects.keys.length > 0) {
      throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", {
        BucketName: name,
      });
    }
    objects.close();
    rmSync(this.#file(name));
    this.#buckets.delete(name);
    rmSync(join(this.#folder.buckets, name), { recursive: true });
    rmSync(join(this.#folder.root, name), { recursive: true, force: true });
  }

  close(): void {
    for (const { objects } of this.#buckets.values()) objects.close();
  }

  #open(name: string, file: BucketFile): Bucket {
    const plain = join(this.#folder.root, name);
    const hiddenFolder = join(this.#folder.buckets, name);
    mkdirSync(plain, { recursive: true });
    const objects = new ObjectStore({
      folders: { plain, hidden: join(hiddenFolder, "hidden") },
      journalPath: join(hiddenFolder, "objects.jsonl"),
      stagingFolder: this.#folder.staging,
    });
    const bucket = { name, ...file, objects, writes: new OngoingWrites() };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #file(name: string): string {
    return join(this.#folder.buckets, name, "bucket.json");
  }

  #write(name: string, file: BucketFile): void {
    mkdirSync(join(this.#folder.buckets, name), { recursive: true });
    replaceFile(this.#file(name), JSON.stringify(file));
  }
}

/** Source: "General purpose bucket naming rules", Amazon S3 user guide. */
function checkBucketName(name: string): void {
  const isValid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !/\.\.|^xn--|-s3alias$/.test(name) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!isValid) {
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", {
      BucketName: name,
    });
  }
}
