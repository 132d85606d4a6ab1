import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { readOwnFile } from "./damaged-file.ts";

/**
 * An append-only file of JSON lines that survives the death of the process.
 *
 * Appends are synchronous: a change of state and its line are one step, so a
 * reader of the state never sees what a restart would forget. There is no fsync:
 * SIGKILL loses nothing, a power cut may.
 */
export class Journal {
  readonly #path: string;
  #fd: number;
  #lines: number;

  /**
   * Opens or creates the file and hands every record to `replay`, oldest first.
   *
   * A last line without its line feed was being written when the process died; it is cut off.
   *
   * @throws DamagedFileError naming file and line if another line is no record.
   */
  constructor(path: string, replay: (record: unknown) => void) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#lines = existsSync(path) ? replayFile(path, replay) : 0;
    this.#fd = openSync(path, "a");
  }

  /** Lines in the file, those made obsolete by later ones included. */
  get lines(): number {
    return this.#lines;
  }

  append(...records: readonly object[]): void {
    if (records.length === 0) return;
    writeFully(this.#fd, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    this.#lines += records.length;
  }

  /** Replaces the whole content, at once. */
  rewrite(records: readonly object[]): void {
    replaceFile(this.#path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, "a");
    this.#lines = records.length;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Writes a file at once: a crash leaves the old or the new one. */
export function replaceFile(path: string, text: string): void {
  const next = `${path}.next`;
  writeFileSync(next, text);
  renameSync(next, path);
}

const REMEDY = "delete the line, or the file to start afresh";

function replayFile(path: string, replay: (record: unknown) => void): number {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(path, end);
  let lines = 0;
  for (let start = 0; start < end; lines++) {
    const stop = bytes.indexOf(0x0a, start);
    const line = bytes.toString("utf8", start, stop);
    readOwnFile(`${path}:${lines + 1}`, REMEDY, () => replay(JSON.parse(line)));
    start = stop + 1;
  }
  return lines;
}

/**
 * All or nothing: a disk that fills up in the middle must not leave half a line before the next
 * one.
 */
function writeFully(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  const { size } = fstatSync(fd);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
  } catch (error) {
    ftruncateSync(fd, size);
    throw error;
  }
}
