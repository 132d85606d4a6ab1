import { readFile } from "node:fs/promises";

import { ImageError } from "../../image/errors.ts";
import { decodeNpy, type NpyArray } from "../../image/npy.ts";
import { decodeImage } from "../../image/png.ts";
import type { Raster } from "../../image/raster.ts";
import { sha256 } from "../../networks/checksum.ts";
import { pixelAt } from "../../optvis/ascent/target.ts";
import { MAX_ENTRIES_TOLD } from "../limits.ts";
import { type FileOfTarget, filesOfTargets, type RequestTarget } from "./fields/targets.ts";
import { type ReadNamedFile, requireUnchanged } from "./initial-image.ts";
import { mapSides, placeOf } from "./each-place.ts";
import { RequestError } from "./request.ts";
import { targetUnits } from "./target-units.ts";
import type { TargetFile } from "./resolved-request.ts";

type Decoded =
  | { readonly kind: "direction"; readonly array: NpyArray }
  | { readonly kind: "image"; readonly raster: Raster };

/** What a file of a target holds. */
export interface TargetContents {
  readonly sha256: string;
  /** Anew at each call: of hundreds of photographs all pixels together are gigabytes. */
  readonly decode: () => Promise<Decoded>;
}

/**
 * A file of this machine that a request names in its field `where`.
 *
 * @throws RequestError that says why there is no such file
 */
export async function readNamedFile(path: string, where: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new RequestError([`${where}: given '${path}', which cannot be read: ${error.message}`]);
  }
}

/** The files that targets name, each once. @throws RequestError naming the first bad ones */
export async function pinTargetFiles(
  targets: readonly RequestTarget[] | undefined,
  read: ReadNamedFile,
): Promise<readonly TargetFile[]> {
  const pinned = new Map<string, Pinned>();
  const problems: string[] = [];
  for (const named of filesOfTargets(targets)) {
    // one that is bad may be named thousands of times, and is read each time
    if (problems.length >= MAX_ENTRIES_TOLD) break;
    const known = pinned.get(named.file);
    // no file is both: one that is named as the other, too, is read again and refused
    const isKnown = known && (known.file.shape === null) === (named.field === "activationOf");
    try {
      const file = isKnown ? known : await pin(named, read);
      pinned.set(named.file, file);
      checkPlace(named, file);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new RequestError(problems);
  return [...pinned.values()].map(({ file }) => file);
}

interface Pinned {
  readonly file: TargetFile;
  /** Of an array [C, H, W] the pixels, row by row, where it is zero in all channels. */
  readonly zeros: readonly number[];
}

async function pin({ file, field, where }: FileOfTarget, read: ReadNamedFile): Promise<Pinned> {
  const bytes = await read(file, where);
  try {
    const contents = await decode(bytes, field);
    const pinned = { key: file, sha256: sha256(bytes) };
    if (contents.kind === "image") return { file: { ...pinned, shape: null }, zeros: [] };
    const { array } = contents;
    return { file: { ...pinned, shape: [...array.shape] }, zeros: zeroPixels(array) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new RequestError([`${where}: given '${file}'; ${error.message}`]);
  }
}

function zeroPixels({ shape, data }: NpyArray): readonly number[] {
  const sides = mapSides(shape);
  if (sides === null) return [];
  const pixels = sides[0] * sides[1];
  const isOther = new Uint8Array(pixels);
  data.forEach((value, i) => {
    if (value !== 0) isOther[i % pixels] = 1;
  });
  return [...isOther.keys()].filter((pixel) => isOther[pixel] === 0);
}

/** @throws RequestError if a target is a place of its file that points nowhere */
function checkPlace({ at, where }: FileOfTarget, { file, zeros }: Pinned): void {
  const sides = mapSides(file.shape ?? []);
  if (at === undefined || sides === null || zeros.length === 0) return;
  const isAsked = (pixel: number) => at === "each" || pixel === pixelAt(placeOf(at, sides), sides);
  const zero = zeros.find(isAsked);
  if (zero === undefined) return;
  const place = [(zero % sides[1]) + 1, Math.floor(zero / sides[1]) + 1];
  throw new RequestError([
    `${where}: given '${file.key}', all zero at [${place.join(", ")}]; wanted a vector there that points somewhere`,
  ]);
}

/** Those of a request's files that its images of these numbers are drawn of. */
export function filesOfImages(
  targets: readonly RequestTarget[] | undefined,
  numbers: readonly number[],
  files: readonly TargetFile[],
): readonly TargetFile[] {
  const units = targetUnits(targets ?? []);
  const drawn = numbers.flatMap((number) => units[number - 1]?.target ?? []);
  const keys = new Set(filesOfTargets(drawn).map(({ file }) => file));
  return files.filter(({ key }) => keys.has(key));
}

/** The files of a job's targets. @throws Error if one is not that which was planned with */
export async function loadTargetFiles(
  files: readonly TargetFile[],
  read: (key: string) => Promise<Uint8Array>,
): Promise<ReadonlyMap<string, TargetContents>> {
  const contents = new Map<string, TargetContents>();
  for (const { key, shape, sha256: pinned } of files) {
    const bytes = await read(key);
    requireUnchanged(`'${key}' of a target`, bytes, pinned);
    const field = shape === null ? "activationOf" : "direction";
    contents.set(key, { sha256: pinned, decode: () => decode(bytes, field) });
  }
  return contents;
}

/** @throws ImageError if that is not what the field wants */
async function decode(bytes: Uint8Array, field: FileOfTarget["field"]): Promise<Decoded> {
  if (field === "activationOf") return { kind: "image", raster: await decodeImage(bytes) };
  const array = decodeNpy(bytes);
  if (!array.data.every(Number.isFinite) || array.data.every((value) => value === 0)) {
    throw new ImageError("its values are to be finite, and not all zero");
  }
  return { kind: "direction", array };
}
