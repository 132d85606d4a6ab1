import * as z from "zod";

import {
  MAX_CPPN_LAYERS,
  MAX_CROP_FRACTION,
  MAX_ELLIPSES,
  MAX_FIXED_MAGNITUDE,
  MAX_IMAGE_SIDE_PX,
  MAX_INITIAL_DEVIATION,
  MAX_ITERATIONS,
  MAX_LEARNING_RATE,
  MAX_SATURATION,
  MAX_SPECTRUM_DECAY,
  MAX_TOTAL_VARIATION,
  MIN_CROP_FRACTION,
} from "../../limits.ts";
import { DEFAULT_OBJECTIVE, objective } from "./drawn.ts";

export const PRESETS = [
  "natural",
  "vivid",
  "poster",
  "channels",
  "lucid",
  "maco",
  "ellipses",
  "cppn",
] as const;
export type PresetName = (typeof PRESETS)[number];

const side = z.int().min(1).max(MAX_IMAGE_SIDE_PX);
const SIZE_WANTED = `a whole number of pixels from 1 to ${MAX_IMAGE_SIDE_PX}, or a pair [height, width]`;
const pair = z.tuple([side, side], { error: SIZE_WANTED });
const size = z.union([side, pair], { error: SIZE_WANTED });

const fraction = z.number().min(MIN_CROP_FRACTION).max(MAX_CROP_FRACTION);
const RANGE_WANTED = `a pair [least, most] from ${MIN_CROP_FRACTION} to ${MAX_CROP_FRACTION}, least first`;
const range = z
  .tuple([fraction, fraction], { error: RANGE_WANTED })
  .refine(([least, most]) => least <= most, { error: RANGE_WANTED });

const fractions = {
  start: range.describe(
    "share of the canvas's side that a crop has in the first iteration: [least, most]",
  ),
  end: range.describe(
    "share of the canvas's side that a crop has in the last iteration: [least, most]",
  ),
};

/** Those that are written the same in a request and in the form that the ascent takes. */
const numbers = {
  numIterations: z.int().min(1).max(MAX_ITERATIONS).describe("ascent iterations"),
  learningRate: z.number().gt(0).max(MAX_LEARNING_RATE).describe("Adam's, of the first iteration"),
  learningRateDecay: z
    .enum(["cosine", "none"])
    .describe("cosine: the learning rate goes down to zero in the last iteration"),
  spectrumDecay: z
    .number()
    .min(0)
    .max(MAX_SPECTRUM_DECAY)
    .describe(
      "the image's spectrum begins as 1 / frequency^decay; higher: smoother; of no effect on ellipses or a CPPN",
    ),
  initialDeviation: z
    .number()
    .min(0)
    .max(MAX_INITIAL_DEVIATION)
    .describe(
      "standard deviation of the noise at the start, of coefficients, ellipses or weights; of no effect where magnitudes are fixed",
    ),
  saturation: z
    .number()
    .min(0)
    .max(MAX_SATURATION)
    .describe("factor of the two colour differences; 1: as in photographs, 0: grey"),
  cropPlace: z
    .enum(["anywhere", "centre", "wrapped"])
    .describe(
      "anywhere: a crop lies anywhere on the canvas; centre: within the margin of its centre; wrapped: anywhere, and beyond each edge it sees the opposite one, so that the image tiles without a seam",
    ),
  cropMargin: z
    .number()
    .min(0)
    .max(MAX_IMAGE_SIDE_PX)
    .describe(
      "pixels of the canvas that a crop may be shifted further; of no effect where crops are wrapped",
    ),
  rotation: z
    .number()
    .min(0)
    .max(180)
    .describe("degrees that a crop is turned by at most, to either side"),
  totalVariation: z
    .number()
    .min(0)
    .max(MAX_TOTAL_VARIATION)
    .describe("weight of the roughness that is taken off the objective; 0: none"),
  contrast: z
    .number()
    .min(0)
    .max(1)
    .describe("share of the mean over all channels that is taken off the channel; 0: none"),
};

const CANVAS = "size of the image in pixels, free of the network's: a number, or [height, width]";
const CROP = "size in pixels of what the network sees of it: a number, or [height, width]";
const FRACTION =
  "side of a crop as a share of the canvas's, a range [least, most] that goes from start to end";

/**
 * In place of free coefficients. Only of complete requests that have one above 0: there were no
 * such fields once, and requests without them are the same as they were.
 */
const fixedMagnitude = z
  .number()
  .min(0)
  .max(MAX_FIXED_MAGNITUDE)
  .optional()
  .describe(
    "what every coefficient's magnitude stays, before the spectrum's fall, while its phase alone is changed (MACO); 1.2: colours vary as in photographs, 0: coefficients are free",
  );

const ellipses = z
  .int()
  .min(0)
  .max(MAX_ELLIPSES)
  .optional()
  .describe(
    "how many translucent ellipses the image is painted in, in place of waves, with an .svg file of each image in colour or grey; 0: none",
  );

const cppnLayers = z
  .int()
  .min(0)
  .max(MAX_CPPN_LAYERS)
  .optional()
  .describe(
    "how many hidden layers has the small network that makes the image of each pixel's place (CPPN), in place of waves; 0: there is none",
  );

const others = { fixedMagnitude, ellipses, cppnLayers };

/** Their values in a request that leaves them out. */
export const NONE = { fixedMagnitude: 0, ellipses: 0, cppnLayers: 0 };

/** All parameters of a Fourier ascent, each explicit. */
const completeParameters = z.strictObject({
  canvasSize: pair.describe(CANVAS),
  cropSize: pair.describe(CROP),
  cropFraction: z.strictObject(fractions).describe(FRACTION),
  ...numbers,
  ...others,
});
/** What a preset sets and a request may set otherwise. Sizes are [height, width]. */
export type FourierParameters = z.infer<typeof completeParameters>;

/** A parameter that is left out is the preset's. */
const parameters = {
  canvasSize: size.optional().describe(CANVAS),
  cropSize: size.optional().describe(CROP),
  cropFraction: z
    .strictObject(fractions)
    .partial()
    .optional()
    .describe(`${FRACTION}; either may be left out`),
  ...z.strictObject(numbers).partial().shape,
  ...others,
};

const method = z
  .literal("fourier")
  .describe(
    "Lucid's ascent, through random crops: of Fourier coefficients of decorrelated colours, of ellipses, or of a CPPN's weights",
  );
/** As `fixedMagnitude`, there was no such field once. */
const fadeTo = z
  .enum(["white", "grey", "black"])
  .optional()
  .describe(
    "what the image fades into where the network wanted little, by its gradient in all iterations, as MACO's figures do; not with ellipses; left out: nothing fades",
  );
const outputScaling = z
  .literal("none")
  .nullable()
  .default(null)
  .describe("null: the image as it is; none: also as .npy, before it is rounded");

/** A preset, and the parameters that differ from it. */
export const presetFormSchema = z.strictObject({ preset: z.enum(PRESETS), ...parameters });
export type PresetForm = z.infer<typeof presetFormSchema>;

/** How method `fourier` draws. */
export const fourierFields = {
  method,
  preset: z.enum(PRESETS).default("natural").describe("sets every parameter that is left out"),
  objective: objective.default(DEFAULT_OBJECTIVE.fourier),
  ...parameters,
  fadeTo,
  outputScaling,
};

/** The same with every parameter explicit; no preset is left. */
export const completeFourierFields = {
  method,
  objective,
  ...completeParameters.shape,
  fadeTo,
  outputScaling,
};
