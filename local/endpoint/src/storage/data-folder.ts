import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import * as z from "zod";

import { readOwnFile } from "./damaged-file.ts";

/** Another living process has the folder open. */
export class DataFolderInUseError extends Error {
  override readonly name = "DataFolderInUseError";
}

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
    this.#lock = join(hidden, "lock");
    mkdirSync(hidden, { recursive: true });
    takeLock(this.#lock, this.root);
    mkdirSync(this.staging, { recursive: true });
  }

  /** False once someone has deleted it while it is open. */
  exists(): boolean {
    return existsSync(this.staging);
  }

  /** Lets another process, or a later endpoint of this one, open the folder. */
  release(): void {
    openHere.delete(this.#lock);
    rmSync(this.#lock, { force: true });
  }
}

/** Locks of this process, which may have the id that a killed one had in the same container. */
const openHere = new Set<string>();

const ownerSchema = z.object({
  pid: z.int().positive(),
  /** Tells a process from a later one of the same id; `null` where the system does not say. */
  startTime: z.string().nullable(),
});
type Owner = z.infer<typeof ownerSchema>;

function takeLock(lock: string, root: string): void {
  const self: Owner = { pid: process.pid, startTime: processState(process.pid)?.startTime ?? null };
  const claim = () => writeFileSync(lock, JSON.stringify(self), { flag: "wx" });
  try {
    claim();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    // empty if its writer died before it had written
    const text = readFileSync(lock, "utf8");
    const remedy = "delete it if no other process has the folder open";
    const owner =
      text === "" ? null : readOwnFile(lock, remedy, () => ownerSchema.parse(JSON.parse(text)));
    if (owner !== null && (owner.pid === process.pid ? openHere.has(lock) : isAlive(owner))) {
      throw new DataFolderInUseError(
        `${root}: process ${owner.pid} has this data folder open; stop it, choose another folder, or delete ${lock} if that process is something else`,
        { cause: error },
      );
    }
    rmSync(lock, { force: true });
    claim();
  }
  openHere.add(lock);
}

function isAlive({ pid, startTime }: Owner): boolean {
  const state = processState(pid);
  // a killed process whose parent has not looked yet still has its id
  if (state !== null) return !state.isDead && state.startTime === startTime;
  if (startTime !== null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but is another user's
    return errorCode(error) === "EPERM";
  }
}

/** From Linux's /proc; `null` if there is no such process, or no /proc. */
function processState(
  pid: number,
): { readonly isDead: boolean; readonly startTime: string } | null {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  // "pid (command) state ...": a command may contain spaces; see proc_pid_stat(5)
  const fields = readFileSync(path, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return { isDead: /^[ZX]/.test(fields[0] ?? ""), startTime: fields[19] ?? "" };
}

/** `code` of a system error, such as ENOENT. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}
