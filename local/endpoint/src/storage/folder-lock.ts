import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import * as z from "zod";

import { readOwnFile } from "./damaged-file.ts";
import { errorCode } from "./error-code.ts";

/** Another living process has the folder open. */
export class DataFolderInUseError extends Error {
  override readonly name = "DataFolderInUseError";
}

/** In a lock: who has it, and its name once they have let go. */
const [OWNER, RELEASED] = ["owner.json", "released.json"];

/** Locks of this process, which may have the id that a killed one had in the same container. */
const openHere = new Set<string>();

/**
 * Takes a data folder for this process. Locks are numbered folders, of which the last counts.
 * One is renamed into place: it is there whole or, where another process has been quicker, not at
 * all. And the last is never removed, so that a slow process which has found it given up takes no
 * later one's place.
 *
 * @param locks the folder of the locks
 * @param root what is locked, for messages
 * @returns lets go of it
 * @throws DataFolderInUseError
 */
export function takeLock(locks: string, root: string): () => void {
  mkdirSync(locks, { recursive: true });
  for (;;) {
    const last = lastOf(locks);
    const found = join(locks, String(last));
    const owner = ownerOf(found);
    if (owner !== null && (owner.pid === process.pid ? openHere.has(locks) : isAlive(owner))) {
      throw new DataFolderInUseError(
        `${root}: process ${owner.pid} has this data folder open; stop it, choose another folder, or delete ${found} if that process is something else`,
      );
    }
    const mine = join(locks, String(last + 1));
    if (!place(locks, mine)) continue;
    // that number had been taken before, and others after it, if this process was slow
    if (lastOf(locks) > last + 1) {
      remove(locks, mine);
      continue;
    }
    openHere.add(locks);
    for (const name of readdirSync(locks)) {
      if (name !== String(last + 1)) remove(locks, join(locks, name));
    }
    return () => {
      // not if it has been done, or somebody has deleted the folder while it was open
      if (!existsSync(join(mine, OWNER))) return;
      openHere.delete(locks);
      renameSync(join(mine, OWNER), join(mine, RELEASED));
    };
  }
}

/** Number of the last lock; 0 before the first. */
function lastOf(locks: string): number {
  const numbers = readdirSync(locks).filter((name) => /^\d+$/.test(name));
  return Math.max(0, ...numbers.map(Number));
}

/** @returns whether it is there now: not if one of its number was, or a new owner has tidied up */
function place(locks: string, lock: string): boolean {
  const staged = mkdtempSync(join(locks, "new-"));
  try {
    const self: Owner = {
      pid: process.pid,
      startTime: processState(process.pid)?.startTime ?? null,
    };
    writeFileSync(join(staged, OWNER), JSON.stringify(self));
    renameSync(staged, lock);
    return true;
  } catch (error) {
    rmSync(staged, { recursive: true, force: true });
    const code = errorCode(error) ?? "";
    // Windows says EPERM where there is one
    if (["EEXIST", "ENOTEMPTY", "ENOENT"].includes(code) || existsSync(lock)) return false;
    throw error;
  }
}

/** Renamed first, so that of two who remove it one does. */
function remove(locks: string, path: string): void {
  const removed = join(locks, `old-${randomUUID()}`);
  try {
    renameSync(path, removed);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  rmSync(removed, { recursive: true, force: true });
}

const ownerSchema = z.object({
  pid: z.int().positive(),
  /** Tells a process from a later one of the same id; `null` where the system does not say. */
  startTime: z.string().nullable(),
});
type Owner = z.infer<typeof ownerSchema>;

/** Whose a lock is; `null` where they have let go. */
function ownerOf(lock: string): Owner | null {
  const path = join(lock, OWNER);
  const text = readIfThere(path);
  // empty after a power cut
  if (text === null || text === "") return null;
  const remedy = "delete it if no other process has the folder open";
  return readOwnFile(path, remedy, () => ownerSchema.parse(JSON.parse(text)));
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
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
