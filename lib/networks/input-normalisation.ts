import type { Graph, Value } from "../onnx/model.ts";
import { describeNode } from "../onnx/node.ts";
import { leadingArithmetic } from "./leading-arithmetic.ts";
import type { Affine } from "./plane-arithmetic.ts";
import {
  type ChannelOrder,
  type GivenPreprocessing,
  IMAGENET_MEAN,
  toPreprocessing,
} from "./preprocessing.ts";

/** A network whose own first operators make of pixels what the rest of it wants. */
export interface InputNormalisation {
  /** The pixels that it takes, so that nothing is left to be done. */
  readonly takes: GivenPreprocessing;
  /** "0..255", for messages. */
  readonly pixels: string;
  /** As its means tell, being those of ImageNet's photographs; `null` if they do not. */
  readonly channelOrder: ChannelOrder | null;
  /** "Sub 'a', Div 'b'": what does it. */
  readonly operators: string;
}

/** What pixels a network may take: from black to white. */
const RANGES = [
  { pixels: "0..255", low: 0, high: 255, takes: { mean: [0], range: 255 } },
  { pixels: "0..1", low: 0, high: 1, takes: { preprocessing: "zero-one" } },
  { pixels: "-1..1", low: -1, high: 1, takes: { preprocessing: "minus-one-one" } },
] as const;

/** Black and white in pixels that torchvision has normalised, per plane. */
const TORCHVISION = (() => {
  const { mean, scale } = toPreprocessing({ preprocessing: "torchvision" }, 3);
  return mean.map((each, i) => [-each * scale[i]!, (255 - each) * scale[i]!] as const);
})();

/** How far zero lies from either end of the range in pixels that are normalised about a mean. */
const INSIDE = 0.05;
/** Units that pixels span once they are divided by their deviation, from black to white. */
const STANDARDISED = [0.9, 20] as const;
/** Share by which numbers may differ from the round ones that they stand for. */
const TOLERANCE = 0.02;

/**
 * Whether a network normalises its image itself: Sub, Div, Mul, Add or BatchNormalization with
 * constants before anything else, of all planes at once or one by one, be there casts,
 * transpositions or pads between.
 *
 * @returns `null` if it does not, or it does not follow what pixels it takes
 */
export function inputNormalisation(
  graph: Graph,
  image: Value,
  planes: number,
): InputNormalisation | null {
  const { affine, operators } = leadingArithmetic(graph, image, planes);
  if (operators.length === 0) return null;
  const names = operators.map(describeNode).join(", ");
  if (undoesTorchvision(affine)) {
    const takes = { preprocessing: "torchvision" } as const;
    return { takes, pixels: "torchvision's normalisation", channelOrder: null, operators: names };
  }
  const range = RANGES.find((each) => isTaken(affine, each));
  if (!range) return null;
  const { takes, pixels, low, high } = range;
  const means = affine.factor.map(
    (factor, i) => (-affine.offset[i]! / factor - low) / (high - low),
  );
  return {
    takes,
    pixels,
    channelOrder: planes === IMAGENET_MEAN.length ? orderBy(means) : null,
    operators: names,
  };
}

/** Whether it makes round numbers of what torchvision's weights want, as its own Inceptions do. */
function undoesTorchvision({ factor, offset }: Affine): boolean {
  if (factor.length !== TORCHVISION.length) return false;
  return ROUND.some(([black, white]) =>
    TORCHVISION.every((pixels, i) =>
      isRound(
        pixels.map((pixel) => factor[i]! * pixel + offset[i]!),
        black,
        white,
      ),
    ),
  );
}

/** What networks make of black and white. */
const ROUND = [
  [0, 1],
  [-1, 1],
  [0, 255],
] as const;

function isRound([first = 0, last = 0]: readonly number[], black: number, white: number): boolean {
  return [first - black, last - white].every(
    (error) => Math.abs(error) <= TOLERANCE * (white - black),
  );
}

function isTaken(
  { factor, offset }: Affine,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  return factor.every((a, i) => {
    const [first, last] = [a * low + offset[i]!, a * high + offset[i]!];
    const span = Math.abs(last - first);
    const ends = [first, last];
    if (isRound(ends, low, high)) return false; // as it was
    if (ROUND.some(([black, white]) => isRound(ends, black, white))) return true;
    // -1..1 is about zero already: a mean of about zero tells nothing of it
    if (low < 0) return span > TOLERANCE * 255 && Math.abs(span - 255) <= TOLERANCE * 255;
    const zero = -first / (last - first);
    const isInside = zero > INSIDE && zero < 1 - INSIDE;
    const isStandardised = span >= STANDARDISED[0] && span <= STANDARDISED[1];
    return isInside && (isStandardised || Math.abs(span - 255) <= TOLERANCE * 255);
  });
}

function orderBy(means: readonly number[]): ChannelOrder | null {
  const isMean = (wanted: readonly number[]) =>
    means.every((mean, i) => Math.abs(mean - wanted[i]!) < TOLERANCE);
  if (isMean(IMAGENET_MEAN)) return "RGB";
  return isMean(IMAGENET_MEAN.toReversed()) ? "BGR" : null;
}
