import type { InputConstant } from "../onnx/input-constants.ts";
import type { Model } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";
import { fittingSide } from "./fitting-side.ts";
import type { PixelsBeside } from "./hugging-face.ts";
import { DEFAULT_SIDE_PX, imageInput, type ImageInput } from "./image-input.ts";
import { type InputNormalisation, inputNormalisation } from "./input-normalisation.ts";
import type { NetworkInput } from "./network-input.ts";
import {
  DEFAULT_MEAN,
  type GivenPreprocessing,
  isGiven,
  type Preprocessing,
  preprocessingDoubt,
  PREPROCESSING_NAMES,
  toPreprocessing,
} from "./preprocessing.ts";

/** Share of the span by which numbers may differ that were written with few digits. */
const SAME = 0.01;

/** Pixels as they are. */
const BYTES: GivenPreprocessing = { mean: [0] };

const TO_SAY_OTHERWISE = `to say otherwise, give --preprocessing (${PREPROCESSING_NAMES.join(", ")}), or --mean, --std and --range`;

const SIZE_OPEN = "leaves the size of its images open, and its layers go with";

/** What people say of a network's image, besides what its file says. */
export interface GivenInput extends GivenPreprocessing {
  /** The graph's other inputs, which have a value for good. */
  readonly constants?: readonly InputConstant[] | undefined;
  /** Side of the square images to render; only where the model leaves the size open. */
  readonly sizePx?: number | null | undefined;
}

export interface DescribedInput {
  readonly input: NetworkInput;
  /** What of it is assumed, or looks wrong, in sentences for the user. */
  readonly notices: readonly string[];
}

/**
 * A network's image input: name and size from the file, pixels as they were given; else as the
 * network's own first operators say, if it normalises inside; else as a file beside it says; else
 * by default, which `assumed` then says.
 *
 * @param model read with the constants that are given
 * @param where the model's path, for messages
 * @param beside what a file beside the model says of its pixels
 * @throws NetworkError if the file takes no image, or what was given does not fit it
 */
export function describeInput(
  model: Model,
  given: GivenInput,
  where: string,
  beside: PixelsBeside | null = null,
): DescribedInput {
  const image = imageInput(model, where);
  const inside = inputNormalisation(model.graph, image.name, image.planes);
  /** As far as the file tells. */
  const takes = inside?.takes ?? (image.isOfBytes ? BYTES : null);
  const { sizePx, constants, channelOrder, preprocessing, mean, std, scale, range } = given;
  const said = { preprocessing, mean, std, scale, range };
  requireSize(image, sizePx ?? null, where);
  const usualSide = sizePx ?? beside?.sidePx ?? DEFAULT_SIDE_PX;
  const side = sizePx ?? fittingSide(model, image, usualSide);
  const size = { width: image.width ?? side, height: image.height ?? side };
  const sizeDoubts =
    usualSide === side ? [] : [`${where}: it ${SIZE_OPEN} ${size.width}x${size.height}`];
  const numbersOf = (values: GivenPreprocessing): Preprocessing => {
    try {
      return toPreprocessing(values, image.planes);
    } catch (error) {
      if (error instanceof RangeError) throw new NetworkError(`${where}: ${error.message}`);
      throw error;
    }
  };
  const inputOf = (pixels: Preprocessing & { readonly assumed?: string }): NetworkInput => ({
    name: image.name,
    ...size,
    ...pixels,
    ...(constants && { constants }),
  });
  if (isGiven(said)) {
    const numbers = numbersOf({ ...said, channelOrder });
    const taken = takes && numbersOf({ ...takes, channelOrder });
    const doubts = [
      preprocessingDoubt(given),
      taken && !isSame(numbers, taken) ? takenDoubt(inside) : null,
    ].filter((doubt) => doubt !== null);
    const notices = [...sizeDoubts, ...doubts.map((doubt) => `${where}: ${doubt}`)];
    return { input: inputOf(numbers), notices };
  }
  const unsaid = (what: string) => [
    `${where} has no description: ${what}; ${TO_SAY_OTHERWISE}`,
    ...sizeDoubts,
  ];
  if (beside !== null && takes === null && isFor(image, beside)) {
    const numbers = numbersOf({ ...beside.given, ...(channelOrder && { channelOrder }) });
    const notices = unsaid(`its pixels are taken as ${beside.path} says`);
    return { input: inputOf(numbers), notices };
  }
  const order = channelOrder ?? inside?.channelOrder ?? undefined;
  const numbers = numbersOf({ ...takes, channelOrder: order });
  const assumed = assumption(numbers, inside, image);
  return { input: inputOf({ ...numbers, assumed }), notices: unsaid(`assuming ${assumed}`) };
}

/** Whether there are as many numbers as the image has planes, or one for all. */
function isFor(
  { planes }: ImageInput,
  { given: { mean = [], scale = [] } }: PixelsBeside,
): boolean {
  return [mean, scale].every(({ length }) => length === 1 || length === planes);
}

function assumption(
  { channelOrder, mean }: Preprocessing,
  inside: InputNormalisation | null,
  { isOfBytes }: ImageInput,
): string {
  const planes = mean.length === 1 ? "grey" : `${mean.length} planes`;
  const order = channelOrder === "planes" ? planes : channelOrder;
  if (inside === null && isOfBytes) return `${order}, 0..255, as the file has its image in bytes`;
  if (inside === null) return `${order}, 0..255 minus ${DEFAULT_MEAN}`;
  return `${order}, ${inside.pixels}, as the network normalises inside (${inside.operators})`;
}

function takenDoubt(inside: InputNormalisation | null): string {
  if (inside === null) {
    return "the file has its image in bytes, pixels 0..255, and was given others; to leave it so, give nothing";
  }
  const { pixels, operators } = inside;
  return (
    `the network normalises inside (${operators}) and takes pixels in ${pixels}; with what was ` +
    `given they are normalised twice; to leave it to the network, give nothing`
  );
}

/** Whether a network sees the same pixels, but for the order of their planes. */
function isSame(a: Preprocessing, b: Preprocessing): boolean {
  const seen = ({ mean, scale }: Preprocessing) =>
    [0, 255].flatMap((pixel) => mean.map((each, i) => (pixel - each) * scale[i]!));
  const [of, other] = [seen(a), seen(b)];
  const span = Math.max(...other.map(Math.abs));
  return of.every((value, i) => Math.abs(value - other[i]!) <= SAME * span);
}

/** @throws NetworkError for a size that is not the file's own */
function requireSize({ width, height }: ImageInput, sizePx: number | null, where: string): void {
  for (const fixed of [width, height]) {
    if (sizePx !== null && fixed !== null && fixed !== sizePx) {
      throw new NetworkError(
        `${where} takes images of ${width ?? "any"}x${height ?? "any"}, so its size cannot be ${sizePx}; leave the size out`,
      );
    }
  }
}
