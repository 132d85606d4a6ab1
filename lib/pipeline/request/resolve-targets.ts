import { ModelError } from "../../onnx/errors.ts";
import { MAX_ENTRIES_TOLD } from "../limits.ts";
import type { TargetFile } from "./resolved-request.ts";
import type { Size } from "../../image/raster.ts";
import { diversityValue } from "../../optvis/graph/diversity-value.ts";
import {
  type NetworkModel,
  shapeMismatch,
  type TargetLayer,
  imageShapeOf,
} from "../../optvis/graph/layer-pass.ts";
import { type LayerChannels, selectChannels } from "./channel-selection.ts";
import { sidesOf } from "./each-place.ts";
import type { RequestTarget } from "./fields/targets.ts";
import { DEFAULT_COSINE_POWER } from "./target-units.ts";

/** What targets are to fit. */
export interface TargetLayerFacts {
  /** For messages. */
  readonly layerName: string;
  /** The layer's shape of what the network first sees, [C, ...]. */
  readonly mapShape: readonly number[];
  readonly files: readonly TargetFile[];
}

export interface ResolvedTargets {
  /** In normal form; not all of them where there are problems. */
  readonly targets: readonly RequestTarget[];
  readonly problems: readonly string[];
}

/** Finds the channels that targets name. */
export function resolveTargets(
  targets: readonly RequestTarget[],
  layer: LayerChannels,
): ResolvedTargets {
  const problems: string[] = [];
  const resolved: RequestTarget[] = [];
  for (const [i, target] of targets.entries()) {
    const found = resolveTarget(target, `targets[${i}]`, layer);
    resolved.push(found.target);
    problems.push(...found.problems);
    if (problems.length >= MAX_ENTRIES_TOLD) break;
  }
  return { targets: resolved, problems };
}

function resolveTarget(target: RequestTarget, where: string, layer: LayerChannels) {
  const { diversity, at } = target;
  const more = { ...(at && { at }), ...(diversity && { diversity }) };
  const { direction, activationOf, cosinePower = DEFAULT_COSINE_POWER } = target;
  const as = (what: RequestTarget) => ({ target: { ...what, ...more }, problems: [] });
  if (direction !== undefined) return as({ direction, cosinePower });
  if (activationOf !== undefined) return as({ activationOf, cosinePower });
  if (target.layer) return as({ layer: true });
  const { channels, problems } = weightsOf(target, where, layer);
  return { target: { ...channels, ...more }, problems };
}

/** What of places and files does not fit the layer. */
export function targetFitProblems(
  targets: readonly RequestTarget[],
  layer: TargetLayerFacts,
): string[] {
  return targets.flatMap((target, i) => {
    const where = `targets[${i}]`;
    const ofFile = fileProblems(target, where, layer);
    return ofFile.length > 0 ? ofFile : placeProblems(target, where, layer);
  });
}

/** What keeps so many images of one target from being told apart. */
export function diversityProblems(
  diversity: number,
  { model }: NetworkModel,
  layer: TargetLayer,
  size: Size,
): string[] {
  if (diversity === 1) return [];
  const obstacle = batchObstacle(model, layer, imageShapeOf(model, diversity, size));
  if (obstacle !== null) {
    return [
      `targets: diversity: the network does not take ${diversity} images at once: ${obstacle.message}; leave diversity out`,
    ];
  }
  if (diversityValue(model, layer, imageShapeOf(model, 1, size)) !== null) return [];
  return [
    `targets: diversity: no map comes before layer '${layer.name}' in which images could differ; leave diversity out`,
  ];
}

/** Why the network does not take so many images at once, though it takes one. */
function batchObstacle(...pass: Parameters<typeof shapeMismatch>): ModelError | null {
  try {
    return shapeMismatch(...pass);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

/** The channels of a target in normal form. */
function weightsOf({ channel, channels = {} }: RequestTarget, where: string, layer: LayerChannels) {
  const problems: string[] = [];
  const find = (name: string | number, place: string): number | null => {
    // by itself a range or the word "all" would be more than one
    const found = selectChannels([name], layer);
    problems.push(
      ...found.problems.map((problem) => problem.replace(/^channels\[0\]/, `${where}.${place}`)),
    );
    if (found.channels.length > 1) {
      problems.push(`${where}.${place}: given '${name}'; wanted one channel`);
    }
    return found.channels[0] ?? null;
  };
  if (channel !== undefined) {
    return { channels: { channel: find(channel, "channel") ?? 1 }, problems };
  }
  const weights = new Map<number, number>();
  for (const [name, weight] of Object.entries(channels)) {
    if (problems.length >= MAX_ENTRIES_TOLD) break;
    const index = find(/^\d+$/.test(name) ? Number(name) : name, "channels");
    if (index === null) continue;
    if (weights.has(index)) {
      problems.push(`${where}.channels: given channel ${index} more than once; wanted it once`);
    }
    if (weight !== 0) weights.set(index, weight);
  }
  const sorted = [...weights].toSorted(([a], [b]) => a - b);
  const [first] = sorted;
  if (sorted.length === 1 && first?.[1] === 1) {
    return { channels: { channel: first[0] }, problems };
  }
  return { channels: { channels: Object.fromEntries(sorted) }, problems };
}

function placeProblems(
  target: RequestTarget,
  where: string,
  { layerName, mapShape, files }: TargetLayerFacts,
): string[] {
  const { at, direction } = target;
  if (at === undefined) return [];
  const sides = sidesOf(target, files, mapShape);
  if (sides === null) {
    return [
      `${where}.at: layer '${layerName}' has no map of rows and columns, it is [${mapShape.join(", ")}]; leave it out`,
    ];
  }
  const [height, width] = sides;
  if (typeof at === "string" || (at[0] <= width && at[1] <= height)) return [];
  const what = direction === undefined ? `layer '${layerName}'` : `'${direction}'`;
  return [
    `${where}.at: given [${at.join(", ")}]; wanted a column from 1 to ${width} and a row from 1 to ${height} of ${what}`,
  ];
}

/** A file whose vectors are taken by themselves need not be for a map. */
function fileProblems(
  { direction, at }: RequestTarget,
  where: string,
  { layerName, mapShape, files }: TargetLayerFacts,
): string[] {
  const shape = files.find(({ key }) => key === direction)?.shape;
  if (!shape) return [];
  const [channels = 0, ...spatial] = mapShape;
  const ranks = at === undefined ? [1, ...(spatial.length === 2 ? [3] : [])] : [3];
  if (ranks.includes(shape.length) && shape[0] === channels) return [];
  const wanted = ranks.map((rank) => (rank === 1 ? `[${channels}]` : `[${channels}, H, W]`));
  const why = at === undefined ? "" : ", to have a place of it";
  return [
    `${where}.direction: given '${direction}' of [${shape.join(", ")}]; wanted ${wanted.join(" or ")} for layer '${layerName}'${why}`,
  ];
}
