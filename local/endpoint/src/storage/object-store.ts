import { copyFileSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { errorCode } from "./error-code.ts";
import { Journal } from "./journal.ts";
import {
  type BucketFolders,
  makePlace,
  objectPath,
  type Place,
  pruneFolders,
} from "./object-place.ts";
import { type ObjectLine, objectLineSchema, type ObjectRecord } from "./object-record.ts";
import { reconcileWithFiles, withFileState } from "./reconcile-files.ts";
import { SortedKeys } from "./sorted-keys.ts";
import type { StagedFile } from "./staged-file.ts";

export interface ObjectStoreOptions {
  readonly folders: BucketFolders;
  readonly journalPath: string;
  readonly stagingFolder: string;
}

/** An object whose event may not have reached its queue when the process died. */
export interface RecoveredObject {
  readonly record: ObjectRecord;
  readonly event: string;
}

/** What a put needs besides the staged bytes; the store chooses the place. */
export type NewObject = Omit<ObjectRecord, "place">;

// a journal with fewer obsolete lines is not worth rewriting
const COMPACT_ABOVE_LINES = 1000;

/**
 * The objects of one bucket: records in memory, bytes in files, changes in a journal.
 *
 * `put` and `remove` are synchronous, so that a condition checked just before
 * still holds, and of several writers with the same condition exactly one wins.
 */
export class ObjectStore {
  /** Puts that were decided but not finished when the process died; their events are due. */
  readonly recovered: readonly RecoveredObject[];
  readonly keys: SortedKeys;
  readonly #folders: BucketFolders;
  readonly #records: Map<string, ObjectRecord>;
  readonly #journal: Journal;

  constructor({ folders, journalPath, stagingFolder }: ObjectStoreOptions) {
    this.#folders = folders;
    const known = new Map<string, ObjectRecord>();
    let last: ObjectLine | null = null;
    this.#journal = new Journal(journalPath, (json) => {
      last = objectLineSchema.parse(json);
      if ("remove" in last) known.delete(last.remove);
      else known.set(last.put.key, last.put);
    });
    // changes are synchronous, so only the last one can be half done
    this.recovered = last === null ? [] : this.#redo(last, stagingFolder);
    this.#records = reconcileWithFiles(folders, known);
    this.keys = new SortedKeys(this.#records.keys());
    this.#compact();
  }

  /** An object as its file is now: a person may have edited that since it was written. */
  get(key: string): ObjectRecord | undefined {
    const known = this.#records.get(key);
    if (known === undefined) return undefined;
    const record = withFileState(known, objectPath(this.#folders, key, known.place));
    if (record !== known) this.#records.set(key, record);
    return record;
  }

  /**
   * Opens the bytes of an object: the descriptor keeps them even if the key is overwritten.
   * `null` if a person has deleted the file meanwhile; then the object is gone.
   */
  open({ key, place }: ObjectRecord): number | null {
    try {
      return openSync(objectPath(this.#folders, key, place), "r");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      this.remove(key);
      return null;
    }
  }

  /**
   * Makes staged bytes the object of their key, replacing any former one.
   *
   * @param announce Called once the put is decided and before it is visible, so that a crash in
   *   between announces twice (which S3 may do too) and never not at all.
   */
  put(object: NewObject, staged: StagedFile, event: string, announce: () => void): void {
    const former = this.#records.get(object.key);
    const place = former?.place ?? makePlace(this.#folders, object.key);
    const record = { ...object, place };
    this.#journal.append({ put: record, staged: staged.name, event });
    announce();
    try {
      publish(staged.path, objectPath(this.#folders, object.key, place));
    } catch (error) {
      this.#compact(); // takes the line back
      throw error;
    }
    this.#records.set(object.key, record);
    this.keys.add(object.key);
    this.#compactIfDue();
  }

  /** Returns false if there is no such object. */
  remove(key: string): boolean {
    const record = this.#records.get(key);
    if (record === undefined) return false;
    this.#journal.append({ remove: key, place: record.place });
    this.#finishRemove(key, record.place);
    this.#records.delete(key);
    this.keys.delete(key);
    this.#compactIfDue();
    return true;
  }

  close(): void {
    this.#journal.close();
  }

  #redo(line: ObjectLine, stagingFolder: string): readonly RecoveredObject[] {
    if ("remove" in line) {
      this.#finishRemove(line.remove, line.place);
      return [];
    }
    const staged = line.staged === null ? null : join(stagingFolder, line.staged);
    if (staged === null || !existsSync(staged)) return [];
    publish(staged, objectPath(this.#folders, line.put.key, line.put.place));
    return line.event === null ? [] : [{ record: line.put, event: line.event }];
  }

  #finishRemove(key: string, place: Place): void {
    rmSync(objectPath(this.#folders, key, place), { force: true });
    if (place === "plain") pruneFolders(this.#folders, key);
  }

  #compactIfDue(): void {
    if (this.#journal.lines > COMPACT_ABOVE_LINES + 2 * this.#records.size) this.#compact();
  }

  #compact(): void {
    const lines = [...this.#records.values()].map((put) => ({ put, staged: null, event: null }));
    this.#journal.rewrite(lines);
  }
}

function publish(stagedPath: string, path: string): void {
  try {
    move(stagedPath, path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    // the folder of an older object may be gone: a person can remove it
    mkdirSync(dirname(path), { recursive: true });
    move(stagedPath, path);
  }
}

/** A rename, also where a person has put the bucket's folder on a file system of its own. */
function move(stagedPath: string, path: string): void {
  try {
    renameSync(stagedPath, path);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    // of the staged file's name, so that after a crash the same copy is made again
    const copy = join(dirname(path), `.${basename(stagedPath)}`);
    try {
      copyFileSync(stagedPath, copy);
      renameSync(copy, path);
    } finally {
      rmSync(copy, { force: true });
    }
    rmSync(stagedPath);
  }
}
