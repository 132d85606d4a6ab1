import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { takeLock } from "./folder-lock.ts";

/**
 * Where the endpoint keeps its things. Objects are plain files a person can open;
 * everything else is in one hidden folder, which no bucket name can collide with
 * (they start with a letter or digit).
 *
 *     <root>/<bucket>/<key>                        objects
 *     <root>/.endpoint/locks/                      process that has the folder open
 *     <root>/.endpoint/staging/                    bodies being received
 *     <root>/.endpoint/buckets/<bucket>/           bucket.json, objects.jsonl, hidden/
 *     <root>/.endpoint/uploads/<upload>/           multipart uploads
 *     <root>/.endpoint/queues/<queue>.jsonl
 */
export class DataFolder {
  readonly root: string;
  readonly staging: string;
  readonly buckets: string;
  readonly uploads: string;
  readonly queues: string;
  /** Lets another process, or a later endpoint of this one, open the folder. */
  readonly release: () => void;

  /**
   * @throws DataFolderInUseError if another living process has the folder open: two would corrupt
   *   it.
   */
  constructor(root: string) {
    const hidden = join(resolve(root), ".endpoint");
    this.root = resolve(root);
    this.staging = join(hidden, "staging");
    this.buckets = join(hidden, "buckets");
    this.uploads = join(hidden, "uploads");
    this.queues = join(hidden, "queues");
    this.release = takeLock(join(hidden, "locks"), this.root);
    mkdirSync(this.staging, { recursive: true });
  }

  /** False once someone has deleted it while it is open. */
  exists(): boolean {
    return existsSync(this.staging);
  }
}
