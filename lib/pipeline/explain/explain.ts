import type { Planes } from "../../image/raster.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AscentEngine } from "../../optvis/ascent/engine.ts";
import { attribute, reach, type Score, scoreWeights } from "../../optvis/quality/attribution.ts";
import { channelMeans } from "../../optvis/quality/examine.ts";
import { attributePixels, type PixelAttribution } from "../../optvis/quality/pixel-attribution.ts";
import type { PixelOptions } from "../../optvis/quality/pixel-options.ts";
import { probabilities } from "../../optvis/quality/source-figures.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "../request/request.ts";
import { type Attributable, attributableLayers, namedLayer } from "./attributed-layer.ts";
import { classChannelOf, classLabels, type ClassLayer, classLayerOf } from "./class-layer.ts";
import { type LaidAttribution, laidOnGrid, patchesOf } from "./token-grid.ts";

/** A class as a network sees it in an image. */
export interface SeenClass {
  /** 1-based. */
  readonly channel: number;
  /** Its name, or "#" and its number where it has none. */
  readonly label: string;
  readonly activation: number;
  /** 0 to 1; `null` where the network has no classes. */
  readonly probability: number | null;
}

export interface Question {
  /** Name or 1-based index of a class. @default what the network sees most */
  readonly class?: string | number | undefined;
  /** Name or 1-based index of the layer whose channels speak. @default the last with places that speak */
  readonly layer?: string | number | undefined;
  /** How the class's score is shared out among the image's pixels too. @default it is not */
  readonly pixels?: PixelOptions | undefined;
}

/** Why a network sees a class in an image. */
export interface Explanation {
  /** The class that is spoken for. */
  readonly of: SeenClass;
  /** All classes, the most activated first. */
  readonly seen: readonly SeenClass[];
  /** Whose channels speak. */
  readonly layer: LayerWithChannels;
  readonly attribution: LaidAttribution;
  /** `null` where it was not asked for. */
  readonly pixels: PixelAttribution | null;
}

/**
 * Shares the score of a class out among the channels and places of a layer, and among the image's
 * pixels.
 *
 * @param image as the network sees it: planes of 0..255, red, green and blue if they are colours,
 *   of its own size
 * @throws NetworkError, LayerNotFoundError, RequestError for what cannot be explained or is not
 *   there; UnsupportedGradientError; RuntimeError
 */
export async function explainImage(
  engine: AscentEngine,
  network: AnalysedNetwork,
  image: Planes,
  { class: word, layer: reference, pixels: options }: Question,
): Promise<Explanation> {
  const classes = classLayerOf(network);
  const candidates =
    reference === undefined
      ? attributableLayers(network, classes)
      : [namedLayer(network, classes, reference)];
  const channel = word === undefined ? null : classChannelOf(word, classes, network);
  const seen = await seenClasses(engine, network, classes, image);
  const of = channel === null ? seen[0]! : seen.find((each) => each.channel === channel)!;
  const weights = scoreWeights(of.channel, classes.layer.channels, classes.kind);
  const score = { network: network.model, layer: classes.layer, weights };
  const { layer, grid } = await firstReached(engine, score, candidates, image);
  const attribution = laidOnGrid(await attribute(engine, score, layer, image), grid);
  const pixels = options ? await attributePixels(engine, score, image, options) : null;
  return { of, seen, layer, attribution, pixels };
}

/**
 * The first whose places the score depends on. Of tokens patches may lead nowhere any more, where
 * the class token beside them is all that is read.
 */
async function firstReached(
  engine: AscentEngine,
  score: Score,
  candidates: readonly Attributable[],
  image: Planes,
): Promise<Attributable> {
  const [last] = candidates;
  if (last!.grid === null || candidates.length === 1) return last!;
  const layers = candidates.map(({ layer: { name, value, channelAxis } }) => ({
    name,
    value,
    channelAxis,
  }));
  const slopes = await reach(engine, score, layers, image);
  const isReached = ({ grid }: Attributable, i: number) =>
    patchesOf(slopes[i]!, grid).some((slope) => slope > 0);
  return candidates.find(isReached) ?? last!;
}

async function seenClasses(
  engine: AscentEngine,
  network: AnalysedNetwork,
  classes: ClassLayer,
  image: Planes,
): Promise<readonly SeenClass[]> {
  const { layer, kind } = classes;
  const viewer = { network: network.model, layer, provider: "cpu" } as const;
  const activations = (await channelMeans(engine, viewer, image))[0]!;
  if (!activations.every(Number.isFinite)) {
    throw new RequestError(["the network's outputs for the image are not finite"]);
  }
  const labelOf = classLabels(classes, network);
  const ofClasses = kind === "features" ? null : probabilities(activations, kind);
  const seen = Array.from(activations, (activation, place) => ({
    channel: place + 1,
    label: labelOf(place + 1),
    activation,
    probability: ofClasses?.[place] ?? null,
  }));
  return seen.toSorted((a, b) => b.activation - a.activation);
}
