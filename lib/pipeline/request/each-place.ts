import { CENTRE, type Place } from "../../optvis/ascent/target.ts";
import { MAX_CHANNELS_PER_JOB, MAX_ENTRIES_TOLD } from "../limits.ts";
import { renameFiles, type RequestTarget } from "./fields/targets.ts";
import type { TargetFile } from "./resolved-request.ts";

/** Of a layer's map, or of a file of directions. */
export type MapSides = readonly [rows: number, columns: number];

export interface PlacedTargets {
  /** None of them at "each" place, unless there are problems. */
  readonly targets: readonly RequestTarget[];
  readonly problems: readonly string[];
  /**
   * Of a sheet that is laid as the map or the file is, with as many images at each place; `null` if
   * not all targets are places of them, or rows would not have as many images.
   */
  readonly columns: number | null;
}

/** Rows and columns of a shape [C, H, W]; `null` of any other, which is no map's. */
export function mapSides([, rows, columns, ...more]: readonly number[]): MapSides | null {
  return rows === undefined || columns === undefined || more.length > 0 ? null : [rows, columns];
}

/**
 * The sides of what a target's places are places of: of its file of directions, or else of the
 * layer's map. `null` if that has none, or is not known.
 *
 * @param mapShape the layer's, [C, ...]
 */
export function sidesOf(
  { direction }: RequestTarget,
  files: readonly TargetFile[],
  mapShape: readonly number[],
): MapSides | null {
  if (direction === undefined) return mapSides(mapShape);
  return mapSides(files.find(({ key }) => key === direction)?.shape ?? []);
}

/** The middle of a place's pixel, so that maps of other sizes have it too. */
export function placeOf(at: NonNullable<RequestTarget["at"]>, [height, width]: MapSides): Place {
  if (at === "each") throw new Error("internal: a target at each place of a map");
  return at === "centre" ? CENTRE : [(at[0] - 0.5) / width, (at[1] - 0.5) / height];
}

/**
 * Puts the targets at each place of the layer's map, or of their file, in place of those that say
 * so. Of an image's activation they are an activation grid (Olah et al., The Building Blocks of
 * Interpretability, 2018), of a file an activation atlas, if it is laid out as one (Carter et al.,
 * Activation Atlas, 2019).
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
  const eaches = targets.map((target): EachPlace => {
    return { target, sides: target.at === "each" ? sidesOf(target, files, mapShape) : null };
  });
  const tooMany = tooManyPlaces(eaches);
  if (tooMany.length > 0) return { targets, problems: tooMany, columns: null };
  const placed = eaches.flatMap(({ target, sides }, from) =>
    (sides ? atEachPlace(target, sides) : [target]).map((each) => ({ target: each, from })),
  );
  return {
    targets: placed.map(({ target }) => target),
    problems: repeatedTargets(placed, files),
    columns: columnsOf(eaches),
  };
}

interface EachPlace {
  readonly target: RequestTarget;
  /** `null`: it is one target. */
  readonly sides: MapSides | null;
}

function columnsOf(eaches: readonly EachPlace[]): number | null {
  const [columns = null, ...others] = new Set(
    eaches.map(({ target, sides }) => sides && (target.diversity ?? 1) * sides[1]),
  );
  return others.length > 0 ? null : columns;
}

function atEachPlace(target: RequestTarget, [rows, columns]: MapSides): readonly RequestTarget[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    return { ...target, at: [(i % columns) + 1, Math.floor(i / columns) + 1] };
  });
}

function tooManyPlaces(eaches: readonly EachPlace[]): string[] {
  const placesOf = ({ sides }: EachPlace) => (sides ? sides[0] * sides[1] : 1);
  const images = eaches.reduce(
    (sum, each) => sum + (each.target.diversity ?? 1) * placesOf(each),
    0,
  );
  const [most] = eaches.toSorted((a, b) => placesOf(b) - placesOf(a));
  if (!most?.sides || images <= MAX_CHANNELS_PER_JOB) return [];
  const [rows, columns] = most.sides;
  const remedy =
    most.target.direction === undefined
      ? "choose a later layer, or with fourier a smaller cropSize"
      : "give a file of fewer places";
  return [
    `targets: given ${images} images, with "each" of ${columns}x${rows} places; wanted at most ${MAX_CHANNELS_PER_JOB} in one request; ${remedy}`,
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
