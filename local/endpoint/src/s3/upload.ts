import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as z from "zod";

import { checksumAlgorithmSchema } from "../checksums/checksum.ts";
import { readOwnFile } from "../storage/damaged-file.ts";
import { Journal } from "../storage/journal.ts";
import { objectRecordSchema } from "../storage/object-record.ts";
import type { StagedFile } from "../storage/staged-file.ts";

/** What a client announced when it began a multipart upload. */
const uploadHeadSchema = objectRecordSchema
  .pick({ key: true, headers: true, metadata: true })
  .extend({
    bucket: z.string(),
    initiatedMs: z.number(),
    checksum: z
      .object({
        algorithm: checksumAlgorithmSchema,
        /** Of the parts' checksums, or of the object's bytes. */
        type: z.enum(["COMPOSITE", "FULL_OBJECT"]),
      })
      .nullable(),
  });
export type UploadHead = Readonly<z.infer<typeof uploadHeadSchema>>;

const partSchema = objectRecordSchema.pick({ size: true, etag: true, checksum: true }).extend({
  number: z.int(),
  uploadedMs: z.number(),
  file: z.string(),
});
export type Part = Readonly<z.infer<typeof partSchema>>;

/** A multipart upload in its own folder: `upload.json`, a journal of parts, and their bytes. */
export class Upload {
  readonly id: string;
  readonly head: UploadHead;
  /** Set while it is put together, when nothing else may change it. */
  isCompleting = false;
  readonly #folder: string;
  readonly #parts = new Map<number, Part>();
  readonly #journal: Journal;

  private constructor(id: string, folder: string, head: UploadHead) {
    this.id = id;
    this.head = head;
    this.#folder = folder;
    this.#journal = new Journal(join(folder, "parts.jsonl"), (line) => {
      const part = partSchema.parse(line);
      // the journal is written first, so a crash may leave a part without its file
      if (existsSync(this.partPath(part))) this.#parts.set(part.number, part);
    });
  }

  static create(id: string, folder: string, head: UploadHead): Upload {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "upload.json"), JSON.stringify(head));
    return new Upload(id, folder, head);
  }

  /** `null` if the folder was being made or removed when the process died. */
  static reopen(id: string, folder: string): Upload | null {
    const file = join(folder, "upload.json");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (!text.endsWith("}")) return null;
    const remedy = "delete its folder, and the upload is forgotten";
    const head = readOwnFile(file, remedy, () => uploadHeadSchema.parse(JSON.parse(text)));
    return new Upload(id, folder, head);
  }

  /** In order of their numbers. */
  get parts(): readonly Part[] {
    return [...this.#parts.values()].toSorted((a, b) => a.number - b.number);
  }

  part(number: number): Part | undefined {
    return this.#parts.get(number);
  }

  partPath({ file }: Pick<Part, "file">): string {
    return join(this.#folder, file);
  }

  /** Adds a part, or replaces the one of that number. */
  setPart(description: Omit<Part, "file">, staged: StagedFile): void {
    const part = { ...description, file: staged.name };
    const former = this.#parts.get(part.number);
    this.#journal.append(part);
    renameSync(staged.path, this.partPath(part));
    this.#parts.set(part.number, part);
    if (former !== undefined) rmSync(this.partPath(former), { force: true });
  }

  /** Forgets the upload and its bytes. */
  remove(): void {
    this.close();
    rmSync(join(this.#folder, "upload.json"), { force: true });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  close(): void {
    this.#journal.close();
  }
}
