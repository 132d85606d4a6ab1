/** Which colours the planes of an image are; `planes`: none, they are shown side by side. */
export const CHANNEL_ORDERS = ["RGB", "BGR", "planes"] as const;
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** How a network wants its pixels: (pixel / 255 * range - mean) / std, plane by plane. */
interface Convention {
  readonly channelOrder: "RGB" | "BGR" | null;
  /** What white is before mean and std. */
  readonly range: number;
  readonly mean: number | readonly [number, number, number];
  readonly std: number | readonly [number, number, number];
}

/** Mean of ImageNet's photographs, in units of 0..1: red, green and blue. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;

/** The conventions that people name. `null`: whatever the order of the planes is. */
const CONVENTIONS = {
  /** Mean and standard deviation of ImageNet's photographs, as torchvision and timm have them. */
  torchvision: {
    channelOrder: "RGB",
    range: 1,
    mean: IMAGENET_MEAN,
    std: [0.229, 0.224, 0.225],
  },
  /** The means of VGG's authors, as Keras has them under this name. */
  caffe: { channelOrder: "BGR", range: 255, mean: [103.939, 116.779, 123.68], std: 1 },
  /** Keras's `tf`: -1 to 1. */
  tensorflow: { channelOrder: "RGB", range: 255, mean: 127.5, std: 127.5 },
  "zero-one": { channelOrder: null, range: 1, mean: 0, std: 1 },
  "minus-one-one": { channelOrder: null, range: 1, mean: 0.5, std: 0.5 },
} as const satisfies Record<string, Convention>;

export type PreprocessingName = keyof typeof CONVENTIONS;
export const PREPROCESSING_NAMES = Object.keys(CONVENTIONS) as readonly PreprocessingName[];

/** The largest byte: pixels are counted in 0..255 everywhere. */
const WHITE = 255;

/** Numbers as people give them: a preset, or what to subtract and then to divide or multiply by. */
export interface GivenPreprocessing {
  readonly preprocessing?: PreprocessingName | undefined;
  /** In units of 0..range; one for all planes, or one each. */
  readonly mean?: readonly number[] | undefined;
  /** Divides after the mean. */
  readonly std?: readonly number[] | undefined;
  /** Multiplies after the mean, as Caffe's description files have it; instead of `std`. */
  readonly scale?: readonly number[] | undefined;
  /** What white is to mean and std. @default 255 */
  readonly range?: number | undefined;
  readonly channelOrder?: ChannelOrder | undefined;
}

/** What a description says of pixels: the network sees (pixel - mean) * scale, pixels in 0..255. */
export interface Preprocessing {
  readonly channelOrder: ChannelOrder;
  /** Per plane, in units of 0..255. */
  readonly mean: readonly number[];
  /** Per plane. */
  readonly scale: readonly number[];
}

/** Taken off where nothing is said: the middle of 0..255. */
export const DEFAULT_MEAN = 128;

/** Whether anything is said at all, of pixels or of what else of an input is given with them. */
export function isGiven(given: GivenPreprocessing): boolean {
  return Object.values(given).some((value) => value !== undefined && value !== null);
}

/**
 * The numbers of a description, whatever way they were given: the network then sees (pixel - mean)
 * * scale of pixels in 0..255.
 *
 * @param planes of the network's image
 * @throws RangeError saying what was given and what is wanted
 */
export function toPreprocessing(given: GivenPreprocessing, planes: number): Preprocessing {
  const { preprocessing, mean, std, scale, range } = given;
  if (preprocessing !== undefined) {
    const [besides] =
      Object.entries({ mean, std, scale, range }).find(([, v]) => v !== undefined) ?? [];
    if (besides !== undefined) {
      throw new RangeError(
        `given the preprocessing '${preprocessing}' and ${besides}; want one or the other`,
      );
    }
    return ofConvention(preprocessing, given.channelOrder, planes);
  }
  if (std !== undefined && scale !== undefined) {
    throw new RangeError("given std, which divides, and scale, which multiplies; want one of them");
  }
  const channelOrder = orderOf(given.channelOrder ?? null, planes);
  const white = range ?? WHITE;
  if (!(white > 0 && Number.isFinite(white))) {
    throw new RangeError(
      `range: given ${white}; want what white is to the network, such as 1 or 255`,
    );
  }
  // who says what white or the deviation is has thought of the mean
  const usual = range === undefined && std === undefined ? DEFAULT_MEAN : 0;
  const means = each("mean", mean ?? [usual], planes);
  const deviations = each("std", std ?? [1], planes);
  const factors = each("scale", scale ?? [1], planes);
  if (deviations.includes(0)) throw new RangeError("std: given 0, by which nothing can be divided");
  if (factors.includes(0)) throw new RangeError("scale: 0 would erase a channel");
  const unit = white / WHITE;
  return {
    channelOrder,
    mean: means.map((value) => value / unit),
    scale: factors.map((factor, i) => (factor * unit) / deviations[i]!),
  };
}

function ofConvention(
  name: PreprocessingName,
  order: ChannelOrder | undefined,
  planes: number,
): Preprocessing {
  const convention: Convention = CONVENTIONS[name];
  const { range, mean, std } = convention;
  if (convention.channelOrder !== null && planes !== 3) {
    throw new RangeError(
      `the preprocessing '${name}' is for images of 3 planes, and the network's have ${planes}; ` +
        "give zero-one, minus-one-one, or mean and std",
    );
  }
  if (
    convention.channelOrder !== null &&
    order !== undefined &&
    order !== convention.channelOrder
  ) {
    throw new RangeError(
      `the preprocessing '${name}' is for ${convention.channelOrder}, given the order ${order}; ` +
        "give its mean and std, and the order, instead",
    );
  }
  const numbers = (value: Convention["mean"]) => (typeof value === "number" ? [value] : value);
  return toPreprocessing(
    {
      mean: numbers(mean),
      std: numbers(std),
      range,
      channelOrder: convention.channelOrder ?? order,
    },
    planes,
  );
}

/** Three planes are colours unless it is said that they are not; any others are no colours. */
function orderOf(order: ChannelOrder | null, planes: number): ChannelOrder {
  if (planes === 3) return order ?? "RGB";
  if (order !== null && order !== "planes") {
    throw new RangeError(
      `the order ${order} is one of three colours, and the network's images have ${planes} planes; leave it out`,
    );
  }
  return "planes";
}

function each(what: string, values: readonly number[], planes: number): readonly number[] {
  if (!values.every(Number.isFinite)) throw new RangeError(`${what}: want finite numbers`);
  if (values.length === planes) return values;
  if (values.length === 1) return Array.from({ length: planes }, () => values[0]!);
  throw new RangeError(
    `${what}: given ${values.length} numbers; want one, or ${planes}, one for each plane of the network's images`,
  );
}

/** Below it no mean of pixels in 0..255 lies that people subtract, except none at all. */
const LEAST_MEAN = 1;
/** What comes out of (white - mean) / std is a few units; a network of 0..255 sees up to 255. */
const MOST_SEEN = 1000;
const LEAST_SEEN = 1 / 50;

/**
 * Why numbers that were given look like those of another convention; `null` if they do not.
 *
 * @param given as the user has them, before `toPreprocessing`
 */
export function preprocessingDoubt(given: GivenPreprocessing): string | null {
  if (given.preprocessing !== undefined) return null;
  const { mean = [], std = [], scale = [], range = WHITE } = given;
  const [largestMean, largestStd] = [
    Math.max(0, ...mean.map(Math.abs)),
    Math.max(0, ...std.map(Math.abs)),
  ];
  const list = (values: readonly number[]) => [...new Set(values)].join(", ");
  if (range > 1 && largestMean > 0 && largestMean < LEAST_MEAN) {
    return `the mean ${list(mean)} looks like one of pixels in 0..1, and is taken off pixels in 0..${range}; if it is, say --range 1`;
  }
  if (range > 1 && largestStd > 0 && largestStd < LEAST_MEAN) {
    return `the std ${list(std)} looks like one of pixels in 0..1, and divides pixels in 0..${range}; if it is, say --range 1`;
  }
  if (range <= 1 && (largestMean > 2 * range || largestStd > 2 * range)) {
    const which = largestMean > 2 * range ? `mean ${list(mean)}` : `std ${list(std)}`;
    return `the ${which} looks like one of pixels in 0..255, and is for pixels in 0..${range}; if it is, leave --range out`;
  }
  const factors = scale.length > 0 ? scale : std.map((value) => 1 / value);
  const seen = range * Math.max(0, ...factors.map(Math.abs));
  if (factors.length === 0) return null;
  if (seen > MOST_SEEN) {
    const how = scale.length > 0 ? `multiplied by ${list(scale)}` : `divided by ${list(std)}`;
    return `pixels in 0..${range}, ${how}, span ${Number(seen.toPrecision(3))} units, which no known convention does; is scale a std?`;
  }
  if (seen < LEAST_SEEN) {
    return `pixels in 0..${range} span ${Number(seen.toPrecision(3))} units to the network, which no known convention does`;
  }
  return null;
}
