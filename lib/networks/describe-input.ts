import type { InputConstant } from "../onnx/input-constants.ts";
import type { Model } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";
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
 * network's own first operators say, if it normalises inside; else by default, which `assumed` then
 * says.
 *
 * @param model read with the constants that are given
 * @param where the model's path, for messages
 * @throws NetworkError if the file takes no image, or what was given does not fit it
 */
export function describeInput(model: Model, given: GivenInput, where: string): DescribedInput {
  const image = imageInput(model, where);
  const inside = inputNormalisation(model.graph, image.name, image.planes);
  const { sizePx, preprocessing, mean, std, scale, range, channelOrder } = given;
  const said = { preprocessing, mean, std, scale, range };
  const base = { name: image.name, ...inputSize(image, sizePx ?? null, where) };
  const others = given.constants ? { constants: given.constants } : {};
  const numbersOf = (values: GivenPreprocessing): Preprocessing => {
    try {
      return toPreprocessing(values, image.planes);
    } catch (error) {
      if (error instanceof RangeError) throw new NetworkError(`${where}: ${error.message}`);
      throw error;
    }
  };
  if (isGiven(said)) {
    const numbers = numbersOf({ ...said, channelOrder });
    const taken = inside && numbersOf({ ...inside.takes, channelOrder });
    const doubts = [
      preprocessingDoubt(given),
      inside && taken && !isSame(numbers, taken) ? insideDoubt(inside) : null,
    ];
    return {
      input: { ...base, ...numbers, ...others },
      notices: doubts.flatMap((doubt) => (doubt === null ? [] : [`${where}: ${doubt}`])),
    };
  }
  const order = channelOrder ?? inside?.channelOrder ?? undefined;
  const numbers = numbersOf({ ...inside?.takes, channelOrder: order });
  const assumed = assumption(numbers, inside);
  return {
    input: { ...base, ...numbers, assumed, ...others },
    notices: [
      `${where} has no description: assuming ${assumed}; to say otherwise, give --preprocessing ` +
        `(${PREPROCESSING_NAMES.join(", ")}), or --mean, --std and --range`,
    ],
  };
}

function assumption(
  { channelOrder, mean }: Preprocessing,
  inside: InputNormalisation | null,
): string {
  const planes = mean.length === 1 ? "grey" : `${mean.length} planes`;
  const order = channelOrder === "planes" ? planes : channelOrder;
  if (inside === null) return `${order}, 0..255 minus ${DEFAULT_MEAN}`;
  return `${order}, ${inside.pixels}, as the network normalises inside (${inside.operators})`;
}

function insideDoubt({ pixels, operators }: InputNormalisation): string {
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

/** The size of images: the file's, or else what was given, or else the usual. */
function inputSize(input: ImageInput, sizePx: number | null, where: string) {
  for (const fixed of [input.width, input.height]) {
    if (sizePx !== null && fixed !== null && fixed !== sizePx) {
      throw new NetworkError(
        `${where} takes images of ${input.width ?? "any"}x${input.height ?? "any"}, so its size cannot be ${sizePx}; leave the size out`,
      );
    }
  }
  const side = sizePx ?? DEFAULT_SIDE_PX;
  return { width: input.width ?? side, height: input.height ?? side };
}
