import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";

import { openExternalFile } from "../onnx/model-files.ts";
import { IntegrityError } from "./errors.ts";
import { type ExternalFile, externalFilesOf, type ModelFile } from "./network-files.ts";

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Hashed at once, bytes: some 10 ms. */
const AT_ONCE = 8 * 2 ** 20;

/** As `sha256`, for what may be large: the event loop turns meanwhile. */
export async function sha256InTurns(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let start = 0; start < bytes.length; start += AT_ONCE) {
    hash.update(bytes.subarray(start, start + AT_ONCE));
    await nextTurn();
  }
  return hash.digest("hex");
}

/** Read at once, bytes: with a stream's own 64 KiB a file takes half as long again. */
const READ_BYTES = 2 ** 20;

/**
 * By path, the files that have been hashed: one rendering asks for the same model's several times
 * over. It is read again if its number, size or times are others by then.
 */
const hashed = new Map<string, { readonly state: string; readonly sha256: string }>();
const HASHED_FILES = 100;

/** Clocks of file systems stand still for so long at most (FAT): a later change may not show. */
const CLOCK_TICK_MS = 2_000;

/** SHA-256 of a file's bytes in hexadecimal. */
export async function fileSha256(path: string): Promise<string> {
  const before = await stateOf(path);
  const known = hashed.get(path);
  if (known !== undefined && known.state === before.text) return known.sha256;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash);
  const sum = hash.digest("hex");
  hashed.delete(path);
  const [oldest] = hashed.size < HASHED_FILES ? [] : hashed.keys();
  if (oldest !== undefined) hashed.delete(oldest);
  if (Date.now() - before.changedMs > CLOCK_TICK_MS) {
    hashed.set(path, { state: before.text, sha256: sum });
  }
  return sum;
}

/** What no change of a file leaves as it was, once the clock has moved on. */
async function stateOf(path: string) {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const changedMs = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(), changedMs };
}

/** What a description says of a file. */
type Described = Pick<ExternalFile, "sha256" | "sizeBytes">;

/**
 * A model file and the files beside it, as they are now.
 *
 * @param file what the description is to call it
 * @throws ModelError if one of them cannot be read, or lies outside the model's folder
 */
export async function describeModel(path: string, file: string): Promise<ModelFile> {
  // what reads ONNX takes a while to load, and files that have a description do without
  const { externalLocations } = await import("../onnx/decode.ts");
  const externalData: ExternalFile[] = [];
  for (const location of await externalLocations(path)) {
    externalData.push(await describeExternalFile(path, location));
  }
  return {
    file,
    sha256: await fileSha256(path),
    sizeBytes: (await stat(path)).size,
    source: null,
    ...(externalData.length > 0 ? { externalData } : {}),
  };
}

async function describeExternalFile(modelPath: string, location: string): Promise<ExternalFile> {
  const { handle, sizeBytes } = await openExternalFile(modelPath, location);
  const hash = createHash("sha256");
  await pipeline(handle.createReadStream({ highWaterMark: READ_BYTES }), hash);
  return { location, sha256: hash.digest("hex"), sizeBytes, source: null };
}

/**
 * Checks that a model and the files beside it are those of its description.
 *
 * @throws IntegrityError if the file at `path`, or one beside it that holds weights, is not the one
 *   that the description names; ModelError if one of those cannot be read
 */
export async function verifyFile(path: string, expected: ModelFile): Promise<void> {
  const found = await fileSha256(path);
  if (found !== expected.sha256) {
    throw otherFile(path, { sha256: found, sizeBytes: (await stat(path)).size }, expected);
  }
  for (const external of externalFilesOf(expected)) {
    const { location } = external;
    const described = await describeExternalFile(path, location);
    if (described.sha256 === external.sha256) continue;
    throw otherFile(join(dirname(path), location), described, external);
  }
}

function otherFile(path: string, found: Described, expected: Described): IntegrityError {
  const sizes =
    expected.sizeBytes === null
      ? ""
      : `, ${found.sizeBytes} bytes where ${expected.sizeBytes} are expected`;
  return new IntegrityError(
    `${path} is not the file of the description: its SHA-256 is ${found.sha256}, want ${expected.sha256}${sizes}; ` +
      "remove it, or add it as a network of its own with: dreamgrid models add",
  );
}
