import { type FloatTensor, floatTensor } from "../../onnx/tensor.ts";
import {
  alongDirections,
  amountsAlong,
  columnOf,
  sharedOut,
} from "../../optvis/concepts/concept-amounts.ts";
import {
  type Attribution,
  mapSizeOf,
  type Score,
  scoreSlope,
} from "../../optvis/quality/attribution.ts";
import { patchesOf, type TokenGrid } from "../explain/token-grid.ts";
import { RequestError } from "../request/request.ts";
import { activationOf, type LookingLayer } from "./gather-activations.ts";
import { lookAtPhotographs, type Looking, type SeenPhoto } from "./look-at-photographs.ts";
import type { LeftOut, Photograph } from "./photographs.ts";

/** Photographs below a concept's picture. */
const SHOWN_PHOTOS = 3;

export interface FoundConcepts {
  /** The most important first: what speaks most for the class, or else has most of the activations. */
  readonly concepts: readonly FoundConcept[];
  /** Of the layer's places in a photograph; `null` where they are none of it. */
  readonly mapSize: Attribution["mapSize"];
  /** Photographs that they were looked for in. */
  readonly photos: number;
  readonly leftOut: readonly LeftOut[];
  /** Of the squares of all activations, what is below zero, and so in no concept: 0 to 1. */
  readonly negative: number;
  /** Mean over photographs; `null` where no class is asked about. */
  readonly score: number | null;
  /** Of that, what all channels of the layer contribute, in concepts or not. */
  readonly contributed: number | null;
}

export interface FoundConcept {
  /** [C] */
  readonly direction: Float64Array;
  /** Of the squares of all activations above zero: 0 to 1. */
  readonly share: number;
  /** To the score; mean over photographs. */
  readonly contribution: number | null;
  /** Those that have most of it at one place, the most first. */
  readonly strongest: readonly PhotoOfConcept[];
}

export interface PhotoOfConcept {
  /** Its number, from 0. */
  readonly photograph: number;
  /** At the place that has most, in the layer's unit. */
  readonly most: number;
  /** At each place of the photograph. */
  readonly places: Float64Array;
}

/** How concepts are looked for. */
export interface Search extends LookingLayer {
  /** How the layer's tokens lie on a photograph; `null` of a map. */
  readonly grid: TokenGrid | null;
  /** That concepts speak for, of a layer behind theirs; `null`: none. */
  readonly score: Score | null;
}

/**
 * Looks for concepts at all places of photographs, but for those in which the layer, or the score, is
 * not finite.
 *
 * @param directions of the concepts, as `factorise` has them
 * @throws RequestError where no photograph is left; as `lookAtPhotographs` and `scoreSlope`
 */
export async function findConcepts(
  photographs: readonly Photograph[],
  directions: readonly Float64Array[],
  { network, layer, score, grid }: Search,
  looking: Looking,
): Promise<FoundConcepts> {
  const k = directions.length;
  const strongest = directions.map((): readonly PhotoOfConcept[] => []);
  const amountsOf = amountsAlong(directions);
  const look = async (photo: SeenPhoto): Promise<OfPhoto | null> => {
    const { value, gradient, score: own } = await slopeIn(photo, { network, layer }, score);
    if (![value.data, gradient?.data ?? [], [own]].every(areFinite)) return null;
    const passed = floatTensor(
      value.shape,
      value.data.map((a) => Math.max(0, a)),
    );
    const along = alongDirections(directions, passed);
    const amounts = amountsOf(along);
    for (const [j, before] of strongest.entries()) {
      const places = patchesOf(columnOf(amounts, k, j), grid);
      const most = places.reduce((largest, amount) => Math.max(largest, amount), 0);
      strongest[j] = [...before, { photograph: photo.photograph, most, places }]
        .toSorted((a, b) => b.most - a.most || a.photograph - b.photograph)
        .slice(0, SHOWN_PHOTOS);
    }
    return {
      shape: value.shape,
      square: squareOf(value.data),
      passed: squareOf(passed.data),
      squares: sharedOut(amounts, along, k),
      score: own,
      contributed: gradient && value.data.reduce((sum, a, i) => sum + a * gradient.data[i]!, 0),
      contributions: gradient && sharedOut(amounts, alongDirections(directions, gradient), k),
    };
  };
  const looked = await lookAtPhotographs(photographs, network, looking, look);
  const seen = looked.seen.filter((of) => of !== null);
  if (seen.length === 0) {
    const ofScore = score === null ? "" : ", or the class's score,";
    throw new RequestError([
      `layer: given ${layer.name}; it${ofScore} is finite in none of the photographs; choose another layer`,
    ]);
  }
  const sumOf = (of: (photo: OfPhoto) => number) => seen.reduce((sum, photo) => sum + of(photo), 0);
  const meanOf = (of: (photo: OfPhoto) => number) =>
    score === null ? null : sumOf(of) / seen.length;
  const passed = sumOf((photo) => photo.passed);
  const concepts = directions.map((direction, j): FoundConcept => ({
    direction,
    share: sumOf(({ squares }) => squares[j]!) / passed,
    contribution: meanOf(({ contributions }) => contributions?.[j] ?? 0),
    strongest: strongest[j]!,
  }));
  const importance = ({ contribution, share }: FoundConcept) => contribution ?? share;
  return {
    concepts: concepts.toSorted((a, b) => importance(b) - importance(a)),
    mapSize: grid === null ? mapSizeOf(seen[0]!.shape) : [grid.rows, grid.columns],
    photos: seen.length,
    leftOut: looked.leftOut,
    negative: 1 - passed / sumOf((photo) => photo.square),
    score: meanOf((photo) => photo.score),
    contributed: meanOf((photo) => photo.contributed ?? 0),
  };
}

/** What is counted of one photograph. */
interface OfPhoto {
  readonly shape: readonly number[];
  /** Sum of squares of its activations, and of those above zero. */
  readonly square: number;
  readonly passed: number;
  /** Of the latter, each concept's part. */
  readonly squares: readonly number[];
  readonly score: number;
  readonly contributed: number | null;
  readonly contributions: readonly number[] | null;
}

interface Slope {
  readonly value: FloatTensor;
  readonly gradient: FloatTensor | null;
  readonly score: number;
}

async function slopeIn(photo: SeenPhoto, at: LookingLayer, score: Score | null): Promise<Slope> {
  if (score !== null) return scoreSlope(photo.engine, score, at.layer, photo.planes);
  return { value: await activationOf(photo, at), gradient: null, score: 0 };
}

const areFinite = (values: ArrayLike<number>) => Array.from(values).every(Number.isFinite);
const squareOf = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
