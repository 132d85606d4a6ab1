import { randomUUID } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

// most objects here are smaller, and written at once cost no trip to another thread
const MEMORY_BYTES = 256 * 1024;

/** A file that nobody sees until it is complete and renamed into its place. */
export class StagedFile {
  readonly name: string;
  readonly path: string;
  /** What is not in the file yet. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  #file: FileHandle | null = null;

  constructor(folder: string) {
    this.name = randomUUID();
    this.path = join(folder, this.name);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes <= MEMORY_BYTES) return;
    this.#file ??= await open(this.path, "wx");
    await this.#file.writeFile(this.#takePieces()); // at the current position, all of it
  }

  /** Ends writing. Returns the modification time in milliseconds. */
  async finish(): Promise<number> {
    if (this.#file === null) {
      writeFileSync(this.path, this.#takePieces(), { flag: "wx" });
    } else {
      await this.#file.writeFile(this.#takePieces());
      await this.#file.close();
    }
    return statSync(this.path).mtimeMs;
  }

  async discard(): Promise<void> {
    await this.#file?.close(); // closing twice is harmless
    rmSync(this.path, { force: true });
  }

  #takePieces(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return bytes;
  }
}

/** Stages what `fill` writes; leaves nothing behind if it throws. */
export async function stage<T>(
  folder: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<{ readonly file: StagedFile; readonly result: T; readonly fileTimeMs: number }> {
  const file = new StagedFile(folder);
  try {
    const result = await fill((bytes) => file.write(bytes));
    return { file, result, fileTimeMs: await file.finish() };
  } catch (error) {
    await file.discard();
    throw error;
  }
}
