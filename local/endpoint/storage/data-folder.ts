import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { z } from "zod";

/**
 * Where the endpoint keeps its things. Objects are plain files a person can open;
 * everything else is in one hidden folder, which no bucket name can collide with
 * (they start with a letter or digit).
 *
 *     <root>/<bucket>/<key>                        objects
 *     <root>/.endpoint/lock                        process that has the folder open
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
  readonly #lock: string;

  /** @throws Error if another living process has the folder open: two would corrupt it. */
  constructor(root: string) {
    const hidden = join(resolve(root), ".endpoint");
    this.root = resolve(root);
    this.staging = join(hidden, "staging");
    this.buckets = join(hidden, "buckets");
    this.uploads = join(hidden, "uploads");
    this.queues = join(hidden, "queues");
    this.#lock = join(hidden, "lock");
    mkdirSync(hidden, { recursive: true });
    takeLock(this.#lock, this.root);
    mkdirSync(this.staging, { recursive: true });
  }

  /** Lets another process, or a later endpoint of this one, open the folder. */
  release(): void {
    openHere.delete(this.#lock);
    rmSync(this.#lock, { force: true });
  }
}

/** Locks of this process: after a restart in a container the process id may be the same. */
const openHere = new Set<string>();

const lockSchema = z.object({ pid: z.int().positive() });

function takeLock(lock: string, root: string): void {
  const claim = () => writeFileSync(lock, JSON.stringify({ pid: process.pid }), { flag: "wx" });
  try {
    claim();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const owner = lockOwner(lock);
    const isHeld = owner === process.pid ? openHere.has(lock) : owner !== null && isAlive(owner);
    if (isHeld) {
      throw new Error(
        `${root}: process ${owner} has this data folder open; stop it, choose another folder, or delete ${lock} if that process is something else`,
        { cause: error },
      );
    }
    rmSync(lock, { force: true });
    claim();
  }
  openHere.add(lock);
}

/** `null` if the file says nothing: its writer died before it had written. */
function lockOwner(lock: string): number | null {
  const text = readFileSync(lock, "utf8");
  if (text === "") return null;
  return lockSchema.parse(JSON.parse(text)).pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but is another user's
    return errorCode(error) === "EPERM";
  }
}

/** `code` of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}
