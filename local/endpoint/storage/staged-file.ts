import { randomUUID } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** A file that nobody sees until it is complete and renamed into its place. */
export class StagedFile {
  readonly name: string;
  readonly path: string;
  readonly #file: FileHandle;

  private constructor(name: string, path: string, file: FileHandle) {
    this.name = name;
    this.path = path;
    this.#file = file;
  }

  static async create(folder: string): Promise<StagedFile> {
    const name = randomUUID();
    const path = join(folder, name);
    return new StagedFile(name, path, await open(path, "wx"));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes); // at the current position, whatever `write` would leave over
  }

  /** Ends writing. Returns the modification time in milliseconds. */
  async finish(): Promise<number> {
    await this.#file.close();
    return statSync(this.path).mtimeMs;
  }

  async discard(): Promise<void> {
    await this.#file.close(); // closing twice is harmless
    rmSync(this.path, { force: true });
  }
}

/** Stages what `fill` writes; leaves nothing behind if it throws. */
export async function stage<T>(
  folder: string,
  fill: (file: StagedFile) => Promise<T>,
): Promise<{ readonly file: StagedFile; readonly result: T; readonly fileTimeMs: number }> {
  const file = await StagedFile.create(folder);
  try {
    const result = await fill(file);
    return { file, result, fileTimeMs: await file.finish() };
  } catch (error) {
    await file.discard();
    throw error;
  }
}
