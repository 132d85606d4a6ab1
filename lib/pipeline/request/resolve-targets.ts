import { ModelError } from "../../onnx/errors.ts";
import { MAX_ENTRIES_TOLD, MAX_LAYER_SETS, MAX_SUMMED_LAYERS } from "../limits.ts";
import type { TargetFile } from "./resolved-request.ts";
import type { Size } from "../../image/raster.ts";
import { diversityValue } from "../../optvis/graph/diversity-value.ts";
import {
  type NetworkModel,
  shapeMismatch,
  type TargetLayer,
  imageShapeOf,
} from "../../optvis/graph/layer-pass.ts";
import { sidesOf } from "./each-place.ts";
import type { RequestTarget } from "./fields/targets.ts";
import type { ChannelFinder } from "./find-summed.ts";
import { compareSummed, keyOfSummed, layersOfSum, summedOfKey } from "./summed-channels.ts";
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
  finder: ChannelFinder,
): ResolvedTargets {
  const problems: string[] = [];
  const resolved: RequestTarget[] = [];
  for (const [i, target] of targets.entries()) {
    const found = resolveTarget(target, `targets[${i}]`, finder);
    resolved.push(found.target);
    problems.push(...found.problems);
    if (problems.length >= MAX_ENTRIES_TOLD) break;
  }
  return { targets: resolved, problems };
}

/** The problem of more sets of layers than are compiled for one request; none of fewer. */
export function layerSetProblems(targets: readonly RequestTarget[]): string[] {
  const sets = new Set(targets.map((target) => layersOfSum(target).join()));
  if (sets.size <= MAX_LAYER_SETS) return [];
  return [
    `targets: given sums over ${sets.size} sets of layers; wanted at most ${MAX_LAYER_SETS} in one request; split them into several requests`,
  ];
}

function resolveTarget(target: RequestTarget, where: string, finder: ChannelFinder) {
  const { diversity, at } = target;
  const more = { ...(at && { at }), ...(diversity && { diversity }) };
  const { direction, activationOf, cosinePower = DEFAULT_COSINE_POWER } = target;
  const as = (what: RequestTarget) => ({ target: { ...what, ...more }, problems: [] });
  if (direction !== undefined) return as({ direction, cosinePower });
  if (activationOf !== undefined) return as({ activationOf, cosinePower });
  if (target.layer) return as({ layer: true });
  const { channels, problems } = weightsOf(target, where, finder);
  const resolved = { ...channels, ...more };
  return { target: resolved, problems: [...problems, ...sumProblems(resolved, where)] };
}

/** What no sum over several layers has. @param target in normal form */
function sumProblems(target: RequestTarget, where: string): string[] {
  const layers = layersOfSum(target);
  if (layers.length > MAX_SUMMED_LAYERS) {
    return [
      `${where}.channels: given channels of ${layers.length} layers; wanted at most ${MAX_SUMMED_LAYERS}`,
    ];
  }
  if (layers.length === 0 || target.at === undefined) return [];
  return [
    `${where}.at: given ${JSON.stringify(target.at)}, with channels of other layers, whose maps have other places; leave it out`,
  ];
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
function weightsOf(
  { channel, channels = {} }: RequestTarget,
  where: string,
  finder: ChannelFinder,
) {
  if (channel !== undefined) {
    const { found, problems } = finder.ofOwn(channel, `${where}.channel`);
    return { channels: { channel: found?.channel ?? 1 }, problems };
  }
  const problems: string[] = [];
  const weights = new Map<string, number>();
  for (const [name, weight] of Object.entries(channels)) {
    if (problems.length >= MAX_ENTRIES_TOLD) break;
    const { found, problems: ofName } = finder.ofSum(name, `${where}.channels`);
    problems.push(...ofName);
    if (found === null) continue;
    const key = keyOfSummed(found);
    if (weights.has(key)) {
      problems.push(`${where}.channels: given channel ${key} more than once; wanted it once`);
    }
    if (weight !== 0) weights.set(key, weight);
  }
  const sorted = [...weights]
    .map(([key, weight]) => [summedOfKey(key), weight] as const)
    .toSorted(([a], [b]) => compareSummed(a, b));
  const [first] = sorted;
  if (sorted.length === 1 && first?.[0].layer === null && first[1] === 1) {
    return { channels: { channel: first[0].channel }, problems };
  }
  const named = sorted.map(([summed, weight]) => [keyOfSummed(summed), weight] as const);
  return { channels: { channels: Object.fromEntries(named) }, problems };
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
