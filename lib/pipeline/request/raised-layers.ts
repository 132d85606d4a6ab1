import { hasChannels, type Layer, type LayerWithChannels } from "../../networks/layers.ts";
import { describeNode } from "../../onnx/node.ts";
import { fixesAnyMean, fixesMean } from "../../optvis/graph/fixed-mean.ts";
import { joinedLayer } from "../../optvis/graph/joined-layer.ts";
import type { CountedLayer, NetworkModel } from "../../optvis/graph/layer-pass.ts";
import { preActivation } from "../../optvis/graph/pre-activation.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { isMap, isOfChannels, type RequestTarget } from "./fields/targets.ts";
import type { RenderRequest } from "./request.ts";
import { type LayerOfSum, layersOfSum } from "./summed-channels.ts";

/** What of a request says what is raised of a layer. */
type Raising = Pick<RenderRequest, "method" | "objective" | "targets">;

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

/** Only what an ascent needs to know of a layer: it is sent from thread to thread. */
export function asTarget(layer: LayerWithChannels): CountedLayer {
  const { value, name, channels, channelAxis, parts, batchAxis } = layer;
  return { value, name, channels, channelAxis, parts, batchAxis };
}

/**
 * The layer whose values are raised where channels are: of rectifiers under `fourier` what feeds
 * them, unless no image raises the mean of that and the mean is asked for; `deepdream` raises the
 * output itself, as deepDreamImage does.
 */
function raisedLayer(request: Raising, model: NetworkModel, layer: LayerWithChannels) {
  const isOfFed = request.method === "fourier" && raisesChannels(request);
  const fed = isOfFed ? preActivation(model.model, layer) : null;
  if (fed === null || (raisesMeans(request) && fixesAnyMean(fed.rectified, model))) return layer;
  return { ...layer, value: fed.value };
}

/** The problem of a mean that is asked for and that no image can raise; none if one can. */
export function fixedMeanProblems(request: Raising, model: NetworkModel, layer: Layer): string[] {
  const fixing = raisesMeans(request) ? fixesMean(model, layer) : null;
  if (fixing === null) return [];
  return [
    `objective: no image raises the mean of a channel of layer '${layer.name}': ${describeNode(fixing)} makes it the same for all; give "rectified", or choose another layer`,
  ];
}

/** Whether channels are raised: targets of which none is of channels raise the output itself. */
function raisesChannels({ targets }: Raising): boolean {
  return targets === undefined || targets.some(isOfChannels);
}

/** Whether it raises the mean of a map of channels. */
function raisesMeans({ objective, targets }: Raising): boolean {
  return objective === "mean" && (targets === undefined || targets.some(isMap));
}
