import { LayerNotFoundError } from "../../networks/errors.ts";
import { isClassName } from "../../networks/labels.ts";
import { canonicalName } from "../../networks/layer-names.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { findLayerWithChannels } from "../networks/layer-problems.ts";
import { parseRange } from "./channel-ranges.ts";
import { type LayerChannels, layerChannels, selectChannel } from "./channel-selection.ts";
import type { SummedChannel } from "./summed-channels.ts";

/** @returns `null` in place of what is not found */
export interface FoundChannel {
  readonly found: SummedChannel | null;
  readonly problems: readonly string[];
}

/** A layer that a key names, or why there is none. */
type NamedLayer =
  | { readonly layer: LayerWithChannels; readonly among: LayerChannels }
  | { readonly problem: string };

/** Finds the channels that targets name, of the request's own layer or of others. */
export class ChannelFinder {
  readonly #network: AnalysedNetwork;
  readonly #own: LayerWithChannels;
  readonly #among: LayerChannels;
  /** By what a request calls them: there may be thousands of keys. */
  readonly #named = new Map<string, NamedLayer>();
  /** Names that layers answer to, as lookups compare them. */
  readonly #names: ReadonlySet<string>;

  constructor(own: LayerWithChannels, network: AnalysedNetwork) {
    this.#own = own;
    this.#network = network;
    this.#among = layerChannels(own, network);
    const names = network.layers.flatMap(({ name, aliases }) => [name, ...aliases]);
    this.#names = new Set(names.map(canonicalName));
  }

  /** One channel of the request's own layer, by 1-based index or class name. */
  ofOwn(name: string | number, where: string): FoundChannel {
    return one(name, where, null, this.#among);
  }

  /**
   * One channel of a sum: as `ofOwn`, or `LAYER:CHANNEL`. Names of classes and of layers may have
   * colons too: a class of the own layer comes first, then the longest name of a layer that fits.
   */
  ofSum(key: string, where: string): FoundChannel {
    if (!key.includes(":") || isClass(key, this.#among)) {
      return one(asNumber(key), where, null, this.#among);
    }
    const colon = this.#colonIn(key);
    const [reference, channel] = [key.slice(0, colon), asNumber(key.slice(colon + 1))];
    const found = this.#named.get(reference) ?? this.#find(reference);
    this.#named.set(reference, found);
    if ("problem" in found) {
      return { found: null, problems: [`${where}: given '${key}'; ${found.problem}`] };
    }
    const { layer, among } = found;
    return one(channel, where, layer.index === this.#own.index ? null : layer.index, among);
  }

  /** The colon behind the longest name or index of a layer, or else the last colon. */
  #colonIn(key: string): number {
    const last = key.lastIndexOf(":");
    for (let colon = last; colon > 0; colon = key.lastIndexOf(":", colon - 1)) {
      const reference = key.slice(0, colon);
      const isKnown = isNumber(reference) || this.#names.has(canonicalName(reference));
      if (isKnown) return colon;
    }
    return last;
  }

  #find(reference: string): NamedLayer {
    const network = this.#network;
    try {
      const layer = findLayerWithChannels(network, asNumber(reference));
      if (layer.index === this.#own.index) return { layer, among: this.#among };
      const problem = network.problems.get(layer.index);
      return problem === undefined
        ? { layer, among: layerChannels(layer, network) }
        : { problem: `layer '${layer.name}' cannot be rendered: ${problem}` };
    } catch (error) {
      if (error instanceof LayerNotFoundError) return { problem: error.message };
      throw error;
    }
  }
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);
const asNumber = (text: string): string | number => (isNumber(text) ? Number(text) : text);

/** Of two numbers the first is a layer, whatever a class is called. */
function isClass(name: string, { classNames }: LayerChannels): boolean {
  return classNames !== null && parseRange(name) === null && isClassName(classNames, name);
}

function one(
  name: string | number,
  where: string,
  layer: number | null,
  among: LayerChannels,
): FoundChannel {
  const found = selectChannel(name, where, among);
  if ("problem" in found) return { found: null, problems: [found.problem] };
  return { found: { layer, channel: found.channel }, problems: [] };
}
