import type { Provider } from "./autodiff/provider.ts";
import { decodeImage, encodePng } from "./image/png.ts";
import { composeSheet, type SheetTile } from "./image/sheet.ts";
import type { MontageOptions } from "./image/sheet-layout.ts";
import { networkFolders } from "./networks/folders.ts";
import { findLayer } from "./networks/find-layer.ts";
import type { NetworkInput } from "./networks/network-input.ts";
import { openNetwork, type OpenOptions } from "./networks/registry.ts";
import type { Graph } from "./onnx/model.ts";
import { differentiableGraph as objectiveGraph } from "./optvis/graph/differentiable-graph.ts";
import { type ImageShape, imageShapeOf, layerPass } from "./optvis/graph/layer-pass.ts";
import type { Objective } from "./optvis/graph/objective/names.ts";
import { vjpGraph } from "./optvis/graph/vjp-graph.ts";
import type { ChannelContribution } from "./optvis/quality/attribution.ts";
import type { PixelAttribution } from "./optvis/quality/pixel-attribution.ts";
import { foldWeights } from "./optvis/runtime/fold-constants.ts";
import { eventStream } from "./pipeline/event-stream.ts";
import {
  type AskedOfImage,
  type ClassExplanation,
  explainClass,
} from "./pipeline/explain/class-explanation.ts";
import type { SeenClass } from "./pipeline/explain/explain.ts";
import {
  analyseNetwork,
  type AnalysedNetwork,
  withModel,
} from "./pipeline/networks/analyse-network.ts";
import {
  type ChannelFailure,
  type ChannelImage,
  type RenderEvent,
  renderRequest,
} from "./pipeline/render/render-request.ts";
import {
  type ChannelReference,
  namedCircuit,
  type NamedCircuit,
} from "./pipeline/request/named-circuit.ts";
import { type LayerRow, layerRows } from "./pipeline/request/layer-rows.ts";
import {
  checkOptions,
  circuitOptions,
  explainOptions,
  graphOptions,
  readOptions,
} from "./pipeline/request/library-options.ts";
import type { RenderRequestInput } from "./pipeline/request/request.ts";

/*
 * The library at one glance:
 *
 *     readNetwork(pathOrId)                     a network: layers, class names, image input
 *     vjp(network, { layer })                   a layer's vector-Jacobian product, as a graph
 *     differentiableGraph(network, { layer })   an ascent's objective and its gradient, as a graph
 *     encodeModel(graph)                        a graph as the bytes of an .onnx file
 *     render({ network, layer, channels })      the image that excites each channel most, as events
 *     sheet(images)                             those images tiled into one
 *     explain({ network, image })               why it sees a class in an image: channels, places, pixels
 *     circuit(network, { layer, channel })      the channels that one is made of, and by which weights
 *
 * The whole pipeline on this machine, with S3, SQS and the API, is `dreamgrid/local`.
 */
export { UnsupportedGradientError } from "./autodiff/errors.ts";
export { ImageError } from "./image/errors.ts";
export { LayerNotFoundError, NetworkError, NetworkNotFoundError } from "./networks/errors.ts";
export { encodeModel } from "./onnx/encode.ts";
export { ModelError, ShapeMismatchError } from "./onnx/errors.ts";
export { GpuUnavailableError, RuntimeError } from "./optvis/runtime/errors.ts";
export { RequestError } from "./pipeline/request/request.ts";
export type {
  ChannelContribution,
  ChannelFailure,
  ChannelImage,
  ChannelReference,
  ClassExplanation,
  Graph,
  ImageShape,
  LayerRow,
  MontageOptions,
  NamedCircuit,
  Network,
  NetworkInput,
  Objective,
  PixelAttribution,
  Provider,
  RenderEvent,
  SeenClass,
};

export type ReadOptions = Partial<Omit<OpenOptions, "reader">>;

/** A network that has been read, to be passed to the functions below. */
class Network {
  readonly id: string;
  /** What its image input takes: size in pixels, order of the channels, mean and scale. */
  readonly input: NetworkInput;
  /** The input, then every operator on image data, as `dreamgrid analyze` shows them. */
  readonly layers: readonly LayerRow[];
  /** Name of each class, channel 1 first; `null` where they are not known. */
  readonly labels: readonly string[] | null;
  /** What was assumed of a file without a description, in a sentence; `null` for nothing. */
  readonly notice: string | null;
  /** @internal */
  readonly analysed: AnalysedNetwork;

  /** @internal */
  constructor(analysed: AnalysedNetwork) {
    this.id = analysed.description.id;
    this.input = analysed.description.input;
    this.layers = layerRows(analysed);
    this.labels = analysed.labels;
    this.notice = analysed.notice ?? null;
    this.analysed = analysed;
  }
}

/**
 * Reads a network: an `.onnx` file by its path, or one of the registered by its id. `emojinet` is
 * part of the package; `googlenet` is downloaded once, into the user's cache folder.
 *
 * @param options Where to look, by default in the folders of `DREAMGRID_MODELS` and
 *   `DREAMGRID_CACHE`; and what is said of a file's image, as `{ input: { preprocessing:
 *   "torchvision" } }`.
 * @throws NetworkError, or one of its kinds; ModelError if the file cannot be read; RequestError for
 *   options that are none, as plain JavaScript may give them
 */
export async function readNetwork(pathOrId: string, options: ReadOptions = {}): Promise<Network> {
  checkOptions(readOptions, options);
  const opened = await openNetwork(pathOrId, { ...networkFolders(process.env), ...options });
  const analysed = await analyseNetwork(opened);
  return new Network(withModel(analysed, await foldWeights(analysed.model)));
}

export interface VjpOptions {
  /** Name, or 1-based index in `network.layers`. */
  readonly layer: string | number;
  /** [N, planes, H, W]. @default one image of the network's own size */
  readonly image?: ImageShape;
  /** Execution provider of ONNX Runtime that the graph is written for. @default cpu */
  readonly provider?: Provider;
}

/**
 * The vector-Jacobian product of a layer with respect to the image, as a graph of plain ONNX
 * operators that any runtime takes.
 *
 * Inputs: `image` [N, planes, H, W], as the network sees it: (pixel - mean) * scale, in its channel
 * order; `cotangent`, of the layer's shape. Outputs: `value`, the layer; `gradient`, of the
 * image's, the sum over the layer's elements of cotangent * d(value)/d(image). A layer in whose
 * leading axis each image has several places, as windows of tokens, is [N, places, ...] here.
 *
 * @throws LayerNotFoundError; ShapeMismatchError if the network does not take such images;
 *   UnsupportedGradientError naming the operator that has no gradient; RequestError for options
 *   that are none, as plain JavaScript may give them
 */
export function vjp(network: Network, options: VjpOptions): Graph {
  checkOptions(graphOptions, { network, ...options });
  const { parts } = findLayer(network.analysed.layers, options.layer);
  // as the layer is, whichever axis has its channels
  const asItIs = { ...options, channelAxis: parts > 1 ? 0 : 1 };
  return vjpGraph(passTo(network, asItIs), options.provider ?? "cpu");
}

export interface ObjectiveGraphOptions extends VjpOptions {
  readonly objective?: Objective;
  /** Of the layer's output, along which its channels lie. @default that of `network.layers` */
  readonly channelAxis?: number;
}

/**
 * The objective that an ascent raises, with its gradient with respect to the image, as a graph of
 * plain ONNX operators. One graph serves every channel of the layer.
 *
 * Inputs: `image` as for `vjp`; `selection` [N, C], a one-hot row for each image. Outputs:
 * `activation` [N], the mean of the selected channel's map; `gradient`, that of the
 * objective (`mean`: of the activation; `rectified`: of what exceeds it).
 *
 * @throws as `vjp`
 */
export function differentiableGraph(
  network: Network,
  { objective = "rectified", ...options }: ObjectiveGraphOptions,
): Graph {
  checkOptions(graphOptions, { network, objective, ...options });
  const provider = options.provider ?? "cpu";
  return objectiveGraph(passTo(network, options), { objective, provider });
}

/** A request as its JSON file has it, fields and defaults alike; `initialImage` is a path. */
export type RenderRequest = Immutable<WithoutNetwork<RenderRequestInput>> & {
  /** One that has been read, or what `readNetwork` takes. */
  readonly network: Network | string;
};
/** Of each method's fields. */
type WithoutNetwork<T> = T extends unknown ? Omit<T, "network"> : never;
/** Lists of the caller's may be immutable ones. */
type Immutable<T> = { readonly [K in keyof T]: Immutable<T[K]> };

export interface RenderOptions {
  /** Worker threads. @default one per core */
  readonly threads?: number;
  /** Ends the rendering; the loop then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Renders, for each channel asked for, the image that excites it most.
 *
 *     for await (const event of render({ network: "emojinet", layer: 2, channels: "1:6" })) {
 *       if (event.kind === "image") await writeFile(`${event.channel}.png`, event.png);
 *     }
 *
 * It begins with the loop and runs in threads of its own; leaving the loop ends them. An image has
 * the same bytes as the tile that `dreamgrid dream` writes for the same request.
 *
 * @throws RequestError naming every problem, before any work; NetworkError; ModelError;
 *   GpuUnavailableError for `executionEnvironment: "gpu"` without a GPU; RangeError for a number of
 *   threads that is none; the signal's reason
 */
export function render(
  { network, ...request }: RenderRequest,
  { threads, signal }: RenderOptions = {},
): AsyncGenerator<RenderEvent, void, undefined> {
  return eventStream<RenderEvent>(async (tell, stop) => {
    const { id, analysed } =
      typeof network === "string" ? await readNetwork(network, { signal: stop }) : network;
    await renderRequest(analysed, { ...request, network: id }, { threads, signal: stop, tell });
  }, signal);
}

/**
 * Tiles rendered channels into one image, in the order given, each with its label under it.
 *
 * @param options as the request's `montage`. @default a near-square grid of whole tiles, entitled
 *   "Layer NAME Features"
 * @returns a PNG
 * @throws ImageError for options that contradict each other, or without any channel
 */
export async function sheet(
  channels: readonly (ChannelImage | ChannelFailure)[],
  options: MontageOptions = {},
): Promise<Uint8Array> {
  const tiles = channels.map((channel): SheetTile => {
    if (channel.kind === "failed") return channel;
    return { kind: "image", image: () => decodeImage(channel.png), label: channel.label };
  });
  const title = options.title ?? `Layer ${channels[0]?.layer} Features`;
  return encodePng(await composeSheet(tiles, { ...options, title }));
}

/** `image`, and `class`, `layer` and `pixels`, which have defaults. */
export interface ExplainOptions extends AskedOfImage {
  /** One that has been read, or what `readNetwork` takes. */
  readonly network: Network | string;
}

/**
 * Shares the score of a class out among a layer's channels and places, gradient times activation,
 * and among the image's pixels, integrated gradients; as `dreamgrid explain` does.
 *
 * @throws RequestError, NetworkError for what is not there or cannot be explained; ImageError;
 *   ModelError; UnsupportedGradientError; RuntimeError; Node's own error for a file that cannot be
 *   read
 */
export async function explain({ network, ...asked }: ExplainOptions): Promise<ClassExplanation> {
  checkOptions(explainOptions, { network, ...asked });
  const { analysed } = typeof network === "string" ? await readNetwork(network) : network;
  return explainClass(analysed, asked);
}

/**
 * The channels that a channel is made of, and those that are made of it, the one with the largest
 * weights first; see `dreamgrid circuit`.
 *
 * @throws RequestError for what is not there, and for options that are none; ModelError for a channel
 *   that no weights lead to, as of what attention makes
 */
export function circuit(network: Network, asked: ChannelReference): NamedCircuit {
  checkOptions(circuitOptions, { network, ...asked });
  return namedCircuit(network.analysed, asked);
}

function passTo(
  { input, analysed }: Network,
  { layer: reference, image, channelAxis }: ObjectiveGraphOptions,
) {
  const shape = image ?? imageShapeOf(analysed.model.model, 1, input);
  const layer = findLayer(analysed.layers, reference);
  const target = channelAxis === undefined ? layer : { ...layer, channelAxis };
  return layerPass(analysed.model.model, target, shape);
}
