import type { Planes } from "../../image/raster.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { AscentEngine } from "../ascent/engine.ts";
import { asNetworkInput, toNetworkPlanes } from "../ascent/network-planes.ts";
import { floatOutput } from "../ascent/outputs.ts";
import { startColour } from "../ascent/start-colour.ts";
import { imageShapeOf } from "../graph/layer-pass.ts";
import { standardNormal, uniformFrom } from "../random.ts";
import { passGraph } from "../runtime/session-graph.ts";
import type { Score } from "./attribution.ts";
import type { PixelOptions } from "./pixel-options.ts";

/** What each pixel has to do with a score. */
export interface PixelAttribution {
  /** The planes as the image has them. */
  readonly shape: readonly [planes: number, height: number, width: number];
  /** Of each pixel in each plane; they add up to `score - baselineScore`, but for what is missed. */
  readonly data: Float64Array;
  /** Of the image, mean over the draws of noise. */
  readonly score: number;
  /** Of the grey image that it is compared with, likewise. */
  readonly baselineScore: number;
  /** As `PixelOptions` has them. */
  readonly steps: number;
  readonly noise: number;
}

/** Of noise, each second one the negative of that before: what is odd in it cancels. */
const DRAWS = 8;

/**
 * Shares a score out among an image's pixels: integrated gradients under noise. Along the straight
 * way from a grey image x', the colour that an ascent begins with, to the image x, averaged over
 * draws n of noise that lies on both,
 *
 *     a_i = (x_i - x'_i) mean over n of the integral from 0 to 1 of dS/dx_i(x' + n + s (x - x')) ds
 *
 * by the midpoint rule in t, where s = t^2 and ds = 2 t dt: networks see most of what there is in
 * the first tenth of the way, at little contrast. Each draw has its own of the steps.
 *
 * Completeness is the check: for each draw the integrals add up to S(x + n) - S(x' + n), which are
 * computed apart from them. Without noise they add up to S(x) - S(x'), but the map is speckled, and
 * the kinks of max pooling and LRN need several times the steps. What is grey in the image has none.
 *
 * Sources: Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017; Smilkov
 * et al., "SmoothGrad: removing noise by adding noise", 2017.
 *
 * @param image as `attribute` takes it
 * @returns the same whatever the engine's threads
 * @throws UnsupportedGradientError; RuntimeError
 */
export async function attributePixels(
  engine: Pick<AscentEngine, "evaluate" | "threads">,
  { network, layer, weights }: Score,
  image: Planes,
  { steps, noise, onStep }: PixelOptions,
): Promise<PixelAttribution> {
  const shape = imageShapeOf(network.model, 1, image);
  const pixels = image.width * image.height;
  const end = asNetworkInput(toNetworkPlanes(image, network), network);
  const ofPlane = (values: readonly number[]) =>
    end.map((_, i) => values[Math.floor(i / pixels)]! * network.scale[Math.floor(i / pixels)]!);
  const start = ofPlane(startColour(network));
  const difference = end.map((value, i) => value - start[i]!);
  const deviations = ofPlane(network.planes.map(() => 255 * noise));
  const draws = Array.from({ length: drawsOf({ steps, noise }) }, (_, draw) =>
    noiseOf(draw, deviations),
  );

  const graph = passGraph({ network, layer }, shape, "cpu", { kind: "slope" });
  const slopeAt = async ({ share, draw }: Place) => {
    const at = start.map((value, i) => value + share * difference[i]! + draws[draw]![i]!);
    const outputs = await engine.evaluate(graph, {
      image: floatTensor(shape, at),
      selection: floatTensor([1, weights.length], weights),
    });
    return {
      score: floatOutput(outputs, "activation").data[0]!,
      gradient: floatOutput(outputs, "gradient").data,
    };
  };
  const integral = new Float64Array(end.length);
  const scores = [0, 0];
  const way = wayOf(steps, draws.length);
  for (let first = 0; first < way.length; first += engine.threads) {
    // added in their order, so that threads do not change the sum
    const some = way.slice(first, first + engine.threads);
    const slopes = await Promise.all(some.map(slopeAt));
    for (const [i, { share, weight }] of some.entries()) {
      const { score, gradient } = slopes[i]!;
      if (weight === null) scores[share]! += score / draws.length;
      else gradient.forEach((slope, p) => (integral[p]! += weight * slope));
    }
    onStep?.(first + some.length);
  }
  const data = new Float64Array(end.length);
  network.planes.forEach((colour, plane) => {
    const [from, to] = [plane * pixels, (colour ?? plane) * pixels];
    for (let p = 0; p < pixels; p++) data[to + p] = integral[from + p]! * difference[from + p]!;
  });
  const [baselineScore, score] = scores;
  return {
    shape: [network.planes.length, image.height, image.width],
    data,
    score: score!,
    baselineScore: baselineScore!,
    steps,
    noise,
  };
}

type Extent = Pick<PixelOptions, "steps" | "noise">;

/** Images that are looked at, the ends of the way included. */
export function stepsInAll(extent: Extent): number {
  return extent.steps + 2 * drawsOf(extent);
}

/** No more than have a step of their own: the ends of the others would be no check of it. */
const drawsOf = ({ steps, noise }: Extent): number => (noise === 0 ? 1 : Math.min(DRAWS, steps));

/** An image on the way. */
interface Place {
  /** Of the way that lies behind it, 0 to 1. */
  readonly share: number;
  /** Of the integral; `null` of an end of the way, where the score is asked. */
  readonly weight: number | null;
  readonly draw: number;
}

function wayOf(steps: number, draws: number): readonly Place[] {
  const inside = Array.from({ length: steps }, (_, step) => {
    const t = (step + 0.5) / steps;
    return { share: t ** 2, weight: (2 * t) / steps, draw: step % draws };
  });
  const ends = Array.from({ length: 2 * draws }, (_, end) => {
    return { share: end % 2, weight: null, draw: Math.floor(end / 2) };
  });
  return [...inside, ...ends];
}

function noiseOf(draw: number, deviations: Float32Array): Float32Array {
  if (deviations.every((deviation) => deviation === 0)) return new Float32Array(deviations.length);
  const pair = Math.floor(draw / 2);
  const sign = draw % 2 === 0 ? 1 : -1;
  const normal = standardNormal(deviations.length, uniformFrom("pixel attribution", pair));
  return normal.map((value, i) => sign * value * deviations[i]!);
}
