import { MAX_CHANNELS_PER_JOB, MAX_ENTRIES_TOLD } from "../limits.ts";
import { renameFiles, type RequestTarget } from "./fields/targets.ts";
import type { TargetFile } from "./resolved-request.ts";

/** Of a layer's map. */
type MapSides = readonly [rows: number, columns: number];

export interface PlacedTargets {
  /** None of them at "each" place, unless there are problems. */
  readonly targets: readonly RequestTarget[];
  readonly problems: readonly string[];
  /**
   * Of a sheet that is laid as the map is, with as many images at each place; `null` if not all
   * targets are places of it, or not all of as many images.
   */
  readonly columns: number | null;
}

/** @returns `null` if a layer's shape, [C, ...], is no map [C, H, W] */
export function mapSides([, rows, columns, ...more]: readonly number[]): MapSides | null {
  return rows === undefined || columns === undefined || more.length > 0 ? null : [rows, columns];
}

/**
 * Puts the targets at each place of the layer's map in place of those that say so. Of an image's
 * activation they are an activation grid (Olah et al., The Building Blocks of Interpretability,
 * 2018).
 *
 * @param targets in normal form otherwise
 * @param files those that they name
 * @param mapShape the layer's, [C, ...]; left out where it is not known
 */
export function placeTargets(
  targets: readonly RequestTarget[],
  files: readonly TargetFile[],
  mapShape: readonly number[] = [],
): PlacedTargets {
  const sides = targets.some(isAtEach) ? mapSides(mapShape) : null;
  const tooMany = sides ? tooManyPlaces(targets, sides) : [];
  if (tooMany.length > 0) return { targets, problems: tooMany, columns: null };
  const placed = targets.flatMap((target, from) =>
    (sides && isAtEach(target) ? atEachPlace(target, sides) : [target]).map((each) => {
      return { target: each, from };
    }),
  );
  return {
    targets: placed.map(({ target }) => target),
    problems: repeatedTargets(placed, files),
    columns: sides && targets.every(isAtEach) ? columnsOf(targets, sides) : null,
  };
}

function columnsOf(targets: readonly RequestTarget[], [, columns]: MapSides): number | null {
  const [images = 1, ...others] = new Set(targets.map(({ diversity = 1 }) => diversity));
  return others.length > 0 ? null : images * columns;
}

function isAtEach({ at }: RequestTarget): boolean {
  return at === "each";
}

function atEachPlace(target: RequestTarget, [rows, columns]: MapSides): readonly RequestTarget[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    return { ...target, at: [(i % columns) + 1, Math.floor(i / columns) + 1] };
  });
}

function tooManyPlaces(targets: readonly RequestTarget[], [rows, columns]: MapSides): string[] {
  const counts = targets.map((target) => {
    return (target.diversity ?? 1) * (isAtEach(target) ? rows * columns : 1);
  });
  const images = counts.reduce((sum, count) => sum + count, 0);
  if (images <= MAX_CHANNELS_PER_JOB) return [];
  return [
    `targets: given ${images} images, with "each" of ${columns}x${rows} places; wanted at most ${MAX_CHANNELS_PER_JOB} in one request; choose a later layer, or with fourier a smaller cropSize`,
  ];
}

/**
 * Targets that are given again: their images would be the same, to the byte. Of files it is the
 * bytes that count.
 *
 * @param placed each with the place among those given that it comes from
 */
function repeatedTargets(
  placed: readonly { readonly target: RequestTarget; readonly from: number }[],
  files: readonly TargetFile[],
): readonly string[] {
  const bytesOf = new Map(files.map(({ key, sha256 }) => [key, sha256]));
  const targets = renameFiles(
    placed.map(({ target }) => target),
    (key) => bytesOf.get(key) ?? key,
  );
  const firsts = new Map<string, number>();
  const problems = new Set<string>();
  for (const [i, { from }] of placed.entries()) {
    const fields = Object.entries(targets[i]!).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const written = JSON.stringify(fields);
    const first = firsts.get(written);
    firsts.set(written, first ?? from);
    if (first === undefined) continue;
    problems.add(
      `targets[${from}]: the same as targets[${first}], and so would be its image; leave it out, or give one of them diversity for images that differ`,
    );
  }
  return [...problems].slice(0, MAX_ENTRIES_TOLD);
}
