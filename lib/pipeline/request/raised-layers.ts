import { hasChannels, type LayerWithChannels } from "../../networks/layers.ts";
import { joinedLayer } from "../../optvis/graph/joined-layer.ts";
import type { CountedLayer } from "../../optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { RequestTarget } from "./fields/targets.ts";
import { raisedLayer, type Raising } from "./raised-layer.ts";
import { type LayerOfSum, layersOfSum } from "./summed-channels.ts";

/** A layer, and what is raised of it: itself, or what feeds it, a rectifier. */
export interface RaisedLayer {
  readonly layer: LayerWithChannels;
  readonly raised: LayerWithChannels;
}

/** What all of a request's images look at. */
export interface LookedAt {
  /** The request's own layer, if any image is of it, and others. */
  readonly layers: readonly RaisedLayer[];
  /** As single images look at them: one by one, or joined. */
  readonly each: readonly CountedLayer[];
  /** All of them together. */
  readonly whole: CountedLayer;
}

/** What a request raises of its own layer, and of others whose channels its targets sum. */
export class RaisedLayers {
  readonly #raising: Raising;
  readonly #network: Pick<AnalysedNetwork, "model" | "layers">;
  readonly #own: LayerWithChannels;
  readonly #known = new Map<LayerOfSum, RaisedLayer>();
  readonly #joined = new Map<string, CountedLayer>();

  constructor(
    raising: Raising,
    network: Pick<AnalysedNetwork, "model" | "layers">,
    own: LayerWithChannels,
  ) {
    this.#raising = raising;
    this.#network = network;
    this.#own = own;
  }

  of(index: LayerOfSum): RaisedLayer {
    const known = this.#known.get(index) ?? this.#raised(index);
    this.#known.set(index, known);
    return known;
  }

  /** What a target sums channels of, where that is not the request's own layer alone. */
  joinedFor(target: RequestTarget): CountedLayer | null {
    const layers = layersOfSum(target);
    if (layers.length === 0) return null;
    const key = layers.join();
    const joined = this.#joined.get(key) ?? this.#join(layers);
    this.#joined.set(key, joined);
    return joined;
  }

  /** @param targets in normal form. @default channels of the request's own layer */
  lookedAt(targets: readonly RequestTarget[] = []): LookedAt {
    const sets = new Map(targets.map((target) => [layersOfSum(target).join(), target]));
    const sums = [...sets.values()].flatMap((target) => this.joinedFor(target) ?? []);
    const isOwnSeen = sets.size === 0 || sets.has("");
    const named = new Set([...sets.values()].flatMap(layersOfSum));
    if (isOwnSeen) named.add(null);
    const layers = [...named].toSorted((a, b) => (a ?? 0) - (b ?? 0));
    return {
      layers: layers.map((each) => this.of(each)),
      each: [...(isOwnSeen ? [this.#join([null])] : []), ...sums],
      whole: this.#join(layers),
    };
  }

  #join(layers: readonly LayerOfSum[]): CountedLayer {
    return joinedLayer(layers.map((each) => asTarget(this.of(each).raised)));
  }

  #raised(index: LayerOfSum): RaisedLayer {
    const layer = index === null ? this.#own : this.#network.layers[index - 1];
    if (!layer || !hasChannels(layer)) throw new Error(`internal: no channels of layer ${index}`);
    return { layer, raised: raisedLayer(this.#raising, this.#network.model, layer) };
  }
}

/** What an ascent needs to know of a layer, alone: it goes from thread to thread. */
export function asTarget(layer: LayerWithChannels): CountedLayer {
  const { value, name, channels, channelAxis, parts, batchAxis } = layer;
  return { value, name, channels, channelAxis, parts, batchAxis };
}
