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

/** Pictures of a network that wants other pixels are grey, or noise. */
const MOST_WANT = "most networks from PyTorch want torchvision";

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
  const file = factsOf(model, given, where, beside);
  const { preprocessing, mean, std, scale, range } = given;
  if (isGiven({ preprocessing, mean, std, scale, range })) return asGiven(file, given);
  if (beside !== null && file.takes === null && isFor(file.image, beside)) {
    return asSaidBeside(file, given, beside);
  }
  return asAssumed(file, given);
}

/** What is known of a file before anything is said of its pixels. */
interface FileFacts {
  readonly where: string;
  readonly image: ImageInput;
  /** Pixels; of its own, or those that its layers go with. */
  readonly size: { readonly width: number; readonly height: number };
  readonly sizeNotices: readonly string[];
  readonly inside: InputNormalisation | null;
  readonly constants: NetworkInput["constants"];
  /** The pixels that it takes, as far as it tells. */
  readonly takes: GivenPreprocessing | null;
}

function factsOf(
  model: Model,
  { sizePx = null, constants }: GivenInput,
  where: string,
  beside: PixelsBeside | null,
): FileFacts {
  const image = imageInput(model, where);
  requireSize(image, sizePx, where);
  const usualSide = sizePx ?? beside?.sidePx ?? DEFAULT_SIDE_PX;
  const side = sizePx ?? fittingSide(model, image, usualSide);
  const size = { width: image.width ?? side, height: image.height ?? side };
  const notice = `${where}: it ${SIZE_OPEN} ${size.width}x${size.height}`;
  const inside = inputNormalisation(model.graph, image.name, image.planes);
  return {
    where,
    image,
    size,
    sizeNotices: usualSide === side ? [] : [notice],
    inside,
    constants: constants?.map((each) => shaped(each, model)),
    takes: inside?.takes ?? (image.isOfBytes ? BYTES : null),
  };
}

function asGiven(file: FileFacts, given: GivenInput): DescribedInput {
  const { where, sizeNotices, inside, takes } = file;
  const numbers = numbersOf(file, given);
  const taken = takes && numbersOf(file, { ...takes, channelOrder: given.channelOrder });
  const doubts = [
    preprocessingDoubt(given),
    taken && !isSame(numbers, taken) ? takenDoubt(inside) : null,
  ].filter((doubt) => doubt !== null);
  const notices = [...sizeNotices, ...doubts.map((doubt) => `${where}: ${doubt}`)];
  return { input: inputOf(file, numbers), notices };
}

function asSaidBeside(file: FileFacts, given: GivenInput, beside: PixelsBeside): DescribedInput {
  const { channelOrder } = given;
  const numbers = numbersOf(file, { ...beside.given, ...(channelOrder && { channelOrder }) });
  const notices = unsaidNotices(file, `its pixels are taken as ${beside.path} says`);
  return { input: inputOf(file, numbers), notices };
}

function asAssumed(file: FileFacts, given: GivenInput): DescribedInput {
  const { image, inside, takes } = file;
  const channelOrder = given.channelOrder ?? inside?.channelOrder ?? undefined;
  const numbers = numbersOf(file, { ...takes, channelOrder });
  const assumed = assumption(numbers, inside, image);
  const isColour = numbers.channelOrder !== "planes";
  const doubt = takes === null && isColour ? `, although ${MOST_WANT}` : "";
  const notices = unsaidNotices(file, `assuming ${assumed}${doubt}`);
  return { input: inputOf(file, { ...numbers, assumed }), notices };
}

/** @throws NetworkError if they do not fit the file */
function numbersOf({ where, image }: FileFacts, values: GivenPreprocessing): Preprocessing {
  try {
    return toPreprocessing(values, image.planes);
  } catch (error) {
    if (error instanceof RangeError) throw new NetworkError(`${where}: ${error.message}`);
    throw error;
  }
}

/** With the shape that it has in the model, where none was given. */
function shaped({ name, shape, values }: InputConstant, { graph }: Model) {
  const tensor = graph.initializers.get(name);
  if (shape !== null || !tensor) return { name, shape: shape ?? [values.length], values };
  return { name, shape: tensor.shape, values };
}

function inputOf(
  { image, size, constants }: FileFacts,
  pixels: Preprocessing & { readonly assumed?: string },
): NetworkInput {
  return { name: image.name, ...size, ...pixels, ...(constants && { constants }) };
}

/** @param what is made of pixels of which nobody has said anything */
function unsaidNotices({ where, sizeNotices }: FileFacts, what: string): readonly string[] {
  return [`${where} has no description: ${what}; ${TO_SAY_OTHERWISE}`, ...sizeNotices];
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
