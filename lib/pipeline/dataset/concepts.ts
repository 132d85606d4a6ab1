import { placeCount } from "../../optvis/activation-atlas/sampled-vectors.ts";
import { factorise, MOST_ITERATIONS } from "../../optvis/concepts/factorisation.ts";
import { mapShapeAt } from "../../optvis/graph/layer-pass.ts";
import { scoreWeights } from "../../optvis/quality/attribution.ts";
import { uniformFrom } from "../../optvis/random.ts";
import { namedLayer } from "../explain/attributed-layer.ts";
import { classChannelOf, classLabels, classLayerOf } from "../explain/class-layer.ts";
import { gridOf, tokenGrids } from "../explain/token-grid.ts";
import { CONCEPTS_OF_LAYER } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "../request/request.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import {
  findConcepts,
  type FoundConcept,
  type FoundConcepts,
  type Search,
} from "./find-concepts.ts";
import { gatherActivations } from "./gather-activations.ts";
import { checkTakesPhotographs, type Looking } from "./look-at-photographs.ts";
import {
  type GivenImages,
  givenPhotographs,
  type ImageReference,
  type LeftOutImage,
  type Photograph,
} from "./photographs.ts";

/** Vectors that are factored, taken evenly of all photographs: more change little, and take longer. */
const MOST_VECTORS = 10_000;

export interface ConceptsQuestion {
  /** Name or 1-based index. */
  readonly layer: string | number;
  /** Concepts, at most. @default 8 */
  readonly count?: number | undefined;
  /** Name or 1-based index of a class, which they speak for or against. @default none */
  readonly class?: string | number | undefined;
  /** Of the places, and of where the factoring begins. @default 0 */
  readonly seed?: number | undefined;
}

/** How concepts are looked for, all of it checked. */
export interface PlannedConcepts extends Search {
  readonly count: number;
  readonly seed: number;
  /** Of each photograph that are factored, as many of each. */
  readonly places: number;
  /** `null`: none is asked about. */
  readonly class: { readonly channel: number; readonly label: string } | null;
}

/**
 * Checks what is asked, before any photograph is looked at.
 *
 * @param photographs how many there are
 * @throws RequestError, NetworkError for what is not there, or cannot be found in so few
 */
export function planConcepts(
  network: AnalysedNetwork,
  { layer: reference, count = CONCEPTS_OF_LAYER, class: word, seed = 0 }: ConceptsQuestion,
  photographs: number,
): PlannedConcepts {
  checkTakesPhotographs(network);
  const { model, layers } = network;
  const layer = requestedLayer({ layer: reference }, network);
  const asked =
    word === undefined ? { class: null, score: null } : scoreOf(word, reference, network);
  const most = placeCount(mapShapeAt(model.model, layer, model.inputSize));
  const places = Math.min(most, Math.max(1, Math.floor(MOST_VECTORS / photographs)));
  const vectors = places * photographs;
  if (vectors < count) {
    throw new RequestError([
      `count: given ${count}; wanted at most ${vectors}, as many vectors as the layer has in the photographs; give more of these, or a smaller count`,
    ]);
  }
  const grid = gridOf(layer, tokenGrids(layers, model.inputSize));
  return { network, layer, count, seed, places, grid, ...asked };
}

/** The class that concepts of a layer are to speak for, and its score. */
function scoreOf(
  word: string | number,
  layer: string | number,
  network: AnalysedNetwork,
): Pick<PlannedConcepts, "class" | "score"> {
  const classes = classLayerOf(network);
  namedLayer(network, classes, layer);
  const channel = classChannelOf(word, classes, network);
  const weights = scoreWeights(channel, classes.layer.channels, classes.kind);
  return {
    class: { channel, label: classLabels(classes, network)(channel) },
    score: { network: network.model, layer: classes.layer, weights },
  };
}

/**
 * Looks for the concepts of a plan: what the layer makes of the photographs is factored, and each
 * factor looked for in all of them. There are fewer than are asked for where the layer has so few
 * independent vectors.
 *
 * @throws RequestError where the layer has nothing to factor; as `findConcepts`
 */
export async function seekConcepts(
  photographs: readonly Photograph[],
  plan: PlannedConcepts,
  looking: Looking,
): Promise<FoundConcepts> {
  const { vectors } = await gatherActivations(photographs, plan, looking);
  const directions = factored(vectors, plan, looking);
  const step = "looking for concepts";
  // what is left out has been told of
  return findConcepts(photographs, directions, plan, { ...looking, step, onLeftOut: undefined });
}

function factored(
  vectors: readonly Float32Array[],
  { layer, count, seed }: PlannedConcepts,
  { signal, onProgress }: Looking,
): readonly Float64Array[] {
  const tell = (done: number) => {
    signal?.throwIfAborted();
    onProgress?.({ step: "factoring activations", done, of: MOST_ITERATIONS });
  };
  tell(0);
  const uniform = uniformFrom("concepts", seed);
  const { directions } = factorise(vectors, count, uniform, { onIteration: tell });
  if (directions.length > 0) return directions;
  throw new RequestError([
    `layer: given ${layer.name}; it has nothing above zero at the places looked at; choose another layer`,
  ]);
}

export interface AskedOfConcepts extends ConceptsQuestion {
  readonly images: GivenImages;
}

/** What a layer tells apart in images, as programs read it. */
export interface LayerConcepts extends Pick<
  FoundConcepts,
  "mapSize" | "negative" | "score" | "contributed"
> {
  readonly layer: { readonly index: number; readonly name: string };
  readonly class: PlannedConcepts["class"];
  /** The most important first: what speaks most for the class, or else has most of the activations. */
  readonly concepts: readonly Concept[];
  /** Of the squares of all activations above zero, what all concepts have: 0 to 1. */
  readonly explained: number;
  /** How many images they were looked for in. */
  readonly images: number;
  readonly leftOut: readonly LeftOutImage[];
}

export interface Concept extends Pick<FoundConcept, "share" | "contribution"> {
  /** [C], of length 1, nothing below zero: of the layer's channels, channel 1 first. */
  readonly direction: Float32Array;
  /** Images that have most of it at one place, the most first. */
  readonly strongest: readonly ImageOfConcept[];
}

export interface ImageOfConcept extends ImageReference {
  /** At the place that has most, in the layer's unit. */
  readonly most: number;
  /** At each place of the image, row by row; see `mapSize`. */
  readonly places: Float64Array;
}

/** Finds what a layer tells apart in images. @throws as `planConcepts`, `seekConcepts` */
export async function layerConcepts(
  network: AnalysedNetwork,
  { images, ...question }: AskedOfConcepts,
  looking: Looking,
): Promise<LayerConcepts> {
  const { photographs, referenceTo, leftOutOf } = await givenPhotographs(images);
  const plan = planConcepts(network, question, photographs.length);
  const { concepts, photos, leftOut, ...found } = await seekConcepts(photographs, plan, looking);
  const { index, name } = plan.layer;
  return {
    ...found,
    layer: { index, name },
    class: plan.class,
    concepts: concepts.map(({ direction, strongest, ...concept }) => ({
      ...concept,
      direction: Float32Array.from(direction),
      strongest: strongest.map(({ photograph, ...of }) => ({ ...referenceTo(photograph), ...of })),
    })),
    explained: concepts.reduce((sum, { share }) => sum + share, 0),
    images: photos,
    leftOut: leftOutOf(leftOut),
  };
}
