import type { Planes, Raster } from "../../image/raster.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import {
  imageActivation,
  type LayerAtSize,
  vectorAt,
} from "../../optvis/ascent/image-activation.ts";
import type { Aim, Elsewhere, Target } from "../../optvis/ascent/target.ts";
import { channelPlace } from "../../optvis/ascent/task.ts";
import { diversityValue } from "../../optvis/graph/diversity-value.ts";
import { imageShapeOf, mapShapeAt, type TargetLayer } from "../../optvis/graph/layer-pass.ts";
import { placeOf } from "../request/each-place.ts";
import type { RequestTarget } from "../request/fields/targets.ts";
import type { TargetContents } from "../request/target-files.ts";
import { type LayerOfSum, layersOfSum, summedOfKey } from "../request/summed-channels.ts";
import { DEFAULT_COSINE_POWER, soleChannel, targetUnits } from "../request/target-units.ts";

/**
 * How hard images of one target push apart where they are alike, as a share of what the target
 * pulls: at half of it they part within a few dozen iterations and still show the target.
 */
const DIVERSITY_WEIGHT = 0.5;

/** What targets are looked for in. */
export interface TargetSurroundings extends LayerAtSize {
  /** What is raised in place of the layer's output where channels are. */
  readonly raised: TargetLayer;
  /** What a target sums channels of, where that is not the layer alone. @default none does */
  readonly elsewhereOf?: (target: RequestTarget) => Elsewhere | null;
  /** What the files hold that targets name. */
  readonly files: ReadonlyMap<string, TargetContents>;
  /** An image's planes as the network takes them. */
  readonly toPlanes: (image: Raster) => Planes;
}

/**
 * The targets of a request, as the ascent takes them: unit n is the n-th. Of those that no image of
 * `numbers` has, nothing is looked at, and they are `null`.
 *
 * @param targets in normal form
 */
export async function ascentTargets(
  targets: readonly RequestTarget[],
  numbers: readonly number[],
  surroundings: TargetSurroundings,
): Promise<readonly (Target | null)[]> {
  const { layer, raised, elsewhereOf = () => null } = surroundings;
  const apartIn = apartFinder(surroundings);
  const units = targetUnits(targets);
  const aims = new Map<RequestTarget, Aim>();
  for (const { target } of numbers.flatMap((number) => units[number - 1] ?? [])) {
    if (!aims.has(target)) aims.set(target, await aimOf(target, surroundings));
  }
  return units.map(({ target, index, images }) => {
    const aim = aims.get(target);
    if (aim === undefined) return null;
    const sole = images === 1 ? soleChannel(target) : null;
    // a channel alone begins as it does in a request of channels
    const drawnAs = sole === null ? nameOf(target, index, surroundings) : channelPlace(sole);
    const elsewhere = elsewhereOf(target) ?? undefined;
    if (images === 1) return { drawnAs, aim, among: null, elsewhere };
    const seen = elsewhere?.layer ?? (aim.kind === "channels" ? raised : layer);
    const among = { index, images, ...apartIn(seen), weight: DIVERSITY_WEIGHT };
    return { drawnAs, aim, among, elsewhere };
  });
}

/** Where images are to differ that look at a layer; of each it is looked for once. */
function apartFinder({ network, size }: TargetSurroundings) {
  const shape = imageShapeOf(network.model, 1, size);
  const found = new Map<TargetLayer, ReturnType<typeof diversityValue>>();
  return (seen: TargetLayer) => {
    const apart = found.get(seen) ?? diversityValue(network.model, seen, shape);
    found.set(seen, apart);
    if (apart === null) throw new Error(`internal: no map before '${seen.name}' to differ in`);
    return apart;
  };
}

/**
 * The same for the same target, whatever the order of its fields: a plan read back from its bucket
 * has them in the schema's, which is kept here. Of a file it is the bytes that count, wherever they
 * lie.
 */
function nameOf(target: RequestTarget, index: number, { files }: TargetSurroundings): string {
  const bytesOf = (key: string | undefined) => key && files.get(key)?.sha256;
  const { channel, channels, at, direction, activationOf, cosinePower, layer, diversity } = target;
  const named = {
    channel,
    channels,
    at,
    direction: bytesOf(direction),
    activationOf: bytesOf(activationOf),
    cosinePower,
    layer,
    diversity,
  } satisfies Record<keyof RequestTarget, unknown>;
  return JSON.stringify([named, index]);
}

async function aimOf(target: RequestTarget, surroundings: TargetSurroundings): Promise<Aim> {
  const { network, layer, size, elsewhereOf } = surroundings;
  if (target.layer) return { kind: "layer" };
  const elsewhere = elsewhereOf?.(target);
  if (elsewhere) return { kind: "channels", weights: weightsIn(target, elsewhere), place: null };
  const { direction, activationOf, cosinePower = DEFAULT_COSINE_POWER, at } = target;
  const placeIn = ([, height = 1, width = 1]: readonly number[]) =>
    at === undefined ? null : placeOf(at, [height, width]);
  const key = direction ?? activationOf;
  if (key === undefined) {
    const place = placeIn(mapShapeAt(network.model, layer, size));
    return { kind: "channels", weights: weightsOf(target), place };
  }

  const contents = await surroundings.files.get(key)?.decode();
  if (!contents) throw new Error(`internal: '${key}' of a target was not loaded`);
  const isFile = contents.kind === "direction";
  const all = isFile
    ? floatTensor(contents.array.shape, contents.array.data)
    : await imageActivation(surroundings, surroundings.toPlanes(contents.raster));
  const place = placeIn(all.shape);
  const { shape, data } = place ? vectorAt(all, place) : all;
  const vector = floatTensor(shape, isFile ? plainLength(data) : data);
  return { kind: "direction", vector, cosinePower };
}

/** Up to 2^16 and down to its inverse, float32 has room for squares and products. */
const PLAIN_EXPONENT = 16;

/**
 * A file's direction, which counts by its angle and is not zero: one whose numbers are extreme has
 * its largest brought to between 1 and 2, by a power of two, which rounds nothing.
 */
function plainLength(data: Float32Array): Float32Array {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const exponent = Math.floor(Math.log2(largest));
  if (Math.abs(exponent) <= PLAIN_EXPONENT) return data;
  return data.map((value) => value * 2 ** -exponent);
}

/** Of a sum over layers: channels of joined layers are counted through. */
function weightsIn(target: RequestTarget, { layer }: Elsewhere): ReadonlyMap<number, number> {
  const counts = (layer.joined ?? [layer]).map(({ channels }) => channels);
  const layers = layersOfSum(target);
  const before = (of: LayerOfSum) =>
    counts.slice(0, layers.indexOf(of)).reduce((sum, count) => sum + count, 0);
  return new Map(
    Object.entries(target.channels ?? {}).map(([key, weight]) => {
      const { layer: of, channel } = summedOfKey(key);
      return [before(of) + channel, weight];
    }),
  );
}

function weightsOf({ channel, channels = {} }: RequestTarget): ReadonlyMap<number, number> {
  if (channel !== undefined) return new Map([[Number(channel), 1]]);
  return new Map(Object.entries(channels).map(([index, weight]) => [Number(index), weight]));
}
