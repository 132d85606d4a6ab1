import { ClassNameError, LayerNotFoundError } from "../../networks/errors.ts";
import { classChannel } from "../../networks/labels.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { findLayerWithChannels } from "../networks/layer-problems.ts";
import { parseRange } from "./channel-ranges.ts";
import { type LayerChannels, layerChannels, selectChannels } from "./channel-selection.ts";
import type { SummedChannel } from "./summed-channels.ts";

/** @returns `null` in place of what is not found */
export interface FoundChannel {
  readonly found: SummedChannel | null;
  readonly problems: readonly string[];
}

/** Finds the channels that targets name, of the request's own layer or of others. */
export class ChannelFinder {
  readonly #network: AnalysedNetwork;
  readonly #own: LayerWithChannels;
  readonly #among: LayerChannels;
  /** By what a request calls them. */
  readonly #others = new Map<string, LayerWithChannels | LayerNotFoundError>();

  constructor(own: LayerWithChannels, network: AnalysedNetwork) {
    this.#own = own;
    this.#network = network;
    this.#among = layerChannels(own, network);
  }

  /** One channel of the request's own layer, by 1-based index or class name. */
  ofOwn(name: string | number, where: string): FoundChannel {
    return one(name, { where, given: `${name}` }, null, this.#among);
  }

  /**
   * One channel of a sum: as `ofOwn`, or `LAYER:CHANNEL`. Names of classes and of layers may have
   * colons too: a class of the own layer comes first, then the longest name of a layer that fits.
   */
  ofSum(key: string, where: string): FoundChannel {
    const at = { where, given: key };
    const name = asNumber(key);
    const colons = [...key.matchAll(/:/g)].map(({ index }) => index).toReversed();
    if (colons.length === 0 || isClass(key, this.#among)) return one(name, at, null, this.#among);
    const parts = colons.map((colon) => [key.slice(0, colon), key.slice(colon + 1)] as const);
    let problem: string | null = null;
    for (const [reference, channel] of parts) {
      const layer = this.#layer(reference);
      if (!(layer instanceof LayerNotFoundError)) return this.#ofLayer(layer, channel, at);
      problem ??= layer.message;
    }
    return { found: null, problems: [`${where}: given '${key}'; ${problem}`] };
  }

  #ofLayer(layer: LayerWithChannels, channel: string, at: At): FoundChannel {
    const name = asNumber(channel);
    if (layer.index === this.#own.index) return one(name, at, null, this.#among);
    const problem = this.#network.problems.get(layer.index);
    if (problem === undefined)
      return one(name, at, layer.index, layerChannels(layer, this.#network));
    const why = `layer '${layer.name}' cannot be rendered: ${problem}`;
    return { found: null, problems: [`${at.where}: given '${at.given}'; ${why}`] };
  }

  #layer(reference: string): LayerWithChannels | LayerNotFoundError {
    const known = this.#others.get(reference) ?? this.#find(reference);
    this.#others.set(reference, known);
    return known;
  }

  #find(reference: string): LayerWithChannels | LayerNotFoundError {
    try {
      return findLayerWithChannels(this.#network, asNumber(reference));
    } catch (error) {
      if (error instanceof LayerNotFoundError) return error;
      throw error;
    }
  }
}

/** Where a channel is named, and how. */
interface At {
  readonly where: string;
  readonly given: string;
}

const asNumber = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

function isClass(name: string, { classNames }: LayerChannels): boolean {
  // two numbers name a layer's channel
  if (classNames === null || parseRange(name) !== null) return false;
  try {
    classChannel(classNames, name);
    return true;
  } catch (error) {
    if (error instanceof ClassNameError) return false;
    throw error;
  }
}

/** By itself a range or the word "all" would be more than one. */
function one(
  name: string | number,
  { where, given }: At,
  layer: number | null,
  among: LayerChannels,
): FoundChannel {
  const { channels, problems } = selectChannels([name], among);
  const told = problems.map((problem) => problem.replace(/^channels\[0\]/, where));
  if (channels.length > 1) told.push(`${where}: given '${given}'; wanted one channel`);
  const [channel] = channels;
  return { found: channel === undefined ? null : { layer, channel }, problems: told };
}
