import { fitInside } from "../../image/grid.ts";
import { encodeJpeg, resizeRaster } from "../../image/png.ts";
import { hasChannels, type LayerWithChannels } from "../../networks/layers.ts";
import { messageOf } from "../../onnx/errors.ts";
import {
  type DatasetExample,
  DatasetExamples,
} from "../../optvis/dataset-examples/dataset-examples.ts";
import { layerMaxima } from "../../optvis/dataset-examples/maxima.ts";
import { EXAMPLES_OF_CHANNEL } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type {
  ChannelExamples,
  LayerExamples,
  LookProgress,
  PlacedExample,
} from "./channel-examples.ts";
import {
  checkTakesPhotographs,
  type DatasetProgress,
  lookAtPhotographs,
} from "./look-at-photographs.ts";
import { partsSeen } from "./parts-seen.ts";
import type { LeftOut, Photograph } from "./photographs.ts";
import { modelIdentity, readLook, writtenLook } from "./written-look.ts";

/** A photograph that may be changed. */
export interface VersionedPhotograph extends Photograph {
  /** Another text for another photograph: where it is, and when it was last changed. */
  readonly version: string;
}

/** Where looks are kept, one of each network, for the next start. What it cannot do is its own matter. */
export interface KeptLooks {
  find(networkId: string): Promise<Uint8Array | null>;
  keep(networkId: string, look: Uint8Array): Promise<void>;
}

export interface DatasetDeps {
  readonly photographs: readonly VersionedPhotograph[];
  /** How many are looked at together. @default the machine's cores */
  readonly threads?: number | undefined;
  /** @default they are not kept */
  readonly kept?: KeptLooks;
  /** Told of each that cannot be read, and is left out. */
  readonly onLeftOut: (problem: { readonly name: string; readonly error: unknown }) => void;
}

/** A look of one network at all photographs. */
interface Look {
  readonly seenAt: ReturnType<typeof partsSeen>;
  /** By the layer's index. */
  ofLayers: ReadonlyMap<number, DatasetExamples>;
  /** `null`: it has not begun to look. */
  beganMs: number | null;
  looked: number;
  leftOut: number;
  state: LookProgress["state"];
  problem: string | null;
}

/** Longer side of a photograph as it is shown, px. */
const SHOWN_SIDE_PX = 512;

/**
 * Which photographs of a dataset excite the channels of networks most. A network looks at all of
 * them once it is asked about, one network at a time, all of its layers in one pass.
 */
export class DatasetLooks {
  readonly #deps: DatasetDeps;
  /** By the network, see `keyOf`. */
  readonly #looks = new Map<string, Look>();
  readonly #closing = new AbortController();
  #before: Promise<void> = Promise.resolve();

  constructor(deps: DatasetDeps) {
    this.#deps = deps;
  }

  /**
   * What is known so far of a channel, 1-based; the first question has the network begin, and the
   * next after it has failed.
   *
   * @throws NetworkError if the network sees no photographs
   */
  ofChannel(network: AnalysedNetwork, layer: LayerWithChannels, channel: number): ChannelExamples {
    const look = this.#asked(network);
    const examples = look.ofLayers.get(layer.index)?.of(channel) ?? [];
    return {
      ...this.#progressOf(look),
      examples: examples.map((example) => this.#placed(look, layer, example)),
    };
  }

  /** The same of all channels of a layer, the strongest of each. @throws as `ofChannel` */
  ofLayer(network: AnalysedNetwork, layer: LayerWithChannels): LayerExamples {
    const look = this.#asked(network);
    const examples = look.ofLayers.get(layer.index);
    const strongest = Array.from({ length: layer.channels }, (_, i) => examples?.of(i + 1)[0]);
    return {
      ...this.#progressOf(look),
      examples: strongest.map((each) => (each ? this.#placed(look, layer, each) : null)),
    };
  }

  /**
   * A photograph as people are shown it, a small JPEG; `null`: there is none of that number.
   *
   * @throws Error as the photograph does
   */
  async shown(photograph: number): Promise<Uint8Array | null> {
    const image = await this.#deps.photographs[photograph]?.read();
    if (image === undefined) return null;
    const side = Math.min(SHOWN_SIDE_PX, Math.max(image.width, image.height));
    return encodeJpeg(await resizeRaster(image, fitInside(image, { width: side, height: side })));
  }

  /** Ends all looks. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the service stops"));
    await this.#before;
  }

  #asked(network: AnalysedNetwork): Look {
    const look = this.#lookOf(network);
    if (look.state === "failed") this.#looks.delete(keyOf(network));
    return look;
  }

  #placed(
    { seenAt }: Look,
    layer: LayerWithChannels,
    { image, activation, place }: DatasetExample,
  ): PlacedExample {
    const { name } = this.#deps.photographs[image]!;
    return { photograph: image, name, activation, seen: seenAt(layer, place) };
  }

  #lookOf(network: AnalysedNetwork): Look {
    checkTakesPhotographs(network);
    const key = keyOf(network);
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const layers = network.layers
      .filter(hasChannels)
      .filter(({ index }) => !network.problems.has(index));
    const ofLayers = layers.map(
      ({ index, channels }) => [index, new DatasetExamples(channels, EXAMPLES_OF_CHANNEL)] as const,
    );
    const isFirst = [...this.#looks.values()].every(({ state }) => !isAtWork(state));
    const look: Look = {
      beganMs: null,
      ofLayers: new Map(ofLayers),
      seenAt: partsSeen(network),
      looked: 0,
      leftOut: 0,
      state: isFirst ? "looking" : "waiting",
      problem: null,
    };
    this.#looks.set(key, look);
    this.#before = this.#before.then(() => this.#lookAtAll(network, layers, look));
    return look;
  }

  async #lookAtAll(network: AnalysedNetwork, layers: readonly LayerWithChannels[], look: Look) {
    const { photographs, kept } = this.#deps;
    const { id } = network.description;
    const { model } = network;
    const of = { model, layers, versions: photographs.map(({ version }) => version) };
    look.state = "looking";
    try {
      const before = await kept?.find(id);
      const known = before ? readLook(before, of) : null;
      if (known === null) await this.#lookAtEach(network, layers, look);
      else {
        look.ofLayers = new Map(known.ofLayers.map((each, i) => [layers[i]!.index, each]));
        [look.looked, look.leftOut] = [photographs.length, known.leftOut];
      }
      look.state = "done";
      const ended = { leftOut: look.leftOut, ofLayers: [...look.ofLayers.values()] };
      if (known === null) await kept?.keep(id, writtenLook(of, ended));
    } catch (error) {
      look.state = "failed";
      look.problem = messageOf(error);
    }
  }

  async #lookAtEach(network: AnalysedNetwork, layers: readonly LayerWithChannels[], look: Look) {
    const { photographs, threads, onLeftOut } = this.#deps;
    look.beganMs = performance.now();
    const looking = {
      threads,
      signal: this.#closing.signal,
      onProgress: ({ done }: DatasetProgress) => void (look.looked = done),
      onLeftOut: ({ photograph, error }: LeftOut) => {
        look.leftOut++;
        onLeftOut({ name: photographs[photograph]!.name, error });
      },
    };
    await lookAtPhotographs(photographs, network, looking, async ({ photograph, ...seen }) => {
      const maxima = await layerMaxima(seen.engine, network.model, layers, seen.planes);
      layers.forEach((layer, i) => look.ofLayers.get(layer.index)!.add(photograph, maxima[i]!));
    });
  }

  #progressOf({ state, looked, leftOut, problem, beganMs }: Look): LookProgress {
    const photographs = this.#deps.photographs.length;
    const isKnown = state === "looking" && beganMs !== null && looked > 0;
    const seconds = isKnown ? (performance.now() - beganMs) / 1000 : 0;
    const secondsLeft = isKnown ? (seconds / looked) * (photographs - looked) : null;
    return { state, looked, photographs, leftOut, secondsLeft, problem };
  }
}

const isAtWork = (state: LookProgress["state"]) => state === "looking" || state === "waiting";

/** Another network of the same id has other weights, or sees pixels otherwise. */
const keyOf = ({ description, model }: AnalysedNetwork) =>
  JSON.stringify([description.id, modelIdentity(model)]);
