import * as z from "zod";

import { MAX_CONSTANT_VALUES } from "../onnx/input-constants.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { CHANNEL_ORDERS, PREPROCESSING_NAMES, toPreprocessing } from "./preprocessing.ts";

const finite = z.number({ error: "want a finite number" });
const pixels = z.int({ error: "want whole pixels" }).min(1, { error: "want at least 1 pixel" });
/** One number for each plane of the image. */
const perPlane = z
  .array(finite, { error: "want a list of numbers, one for each plane" })
  .min(1, { error: "want a number for each plane" });

const constantsSchema = z
  .array(
    z
      .strictObject({
        /** Of the graph's input. */
        name: z.string().min(1, { error: "want the name of one of the graph's inputs" }),
        shape: z.array(z.int().min(0)).readonly(),
        /** In row-major order; or one of all. */
        values: z.array(finite).readonly(),
      })
      .refine(({ shape, values }) => values.length === 1 || sizeOf(shape) === values.length, {
        error: "want as many values as the shape holds, or one of all",
      }),
  )
  .refine((all) => all.reduce((sum, { values }) => sum + values.length, 0) <= MAX_CONSTANT_VALUES, {
    error: `want at most ${MAX_CONSTANT_VALUES} values in all; export the model with them inside`,
  })
  .readonly();

const ORDER_WANTED = 'want "RGB" or "BGR"; or "planes", of images that are no colours';

/** What `network.json` may say of the network's image. */
const writtenSchema = z.strictObject({
  /** Name of the graph's image input. */
  name: z.string().min(1, { error: "want the name of the graph's image input" }),
  /** Also the size of the initial noise. */
  width: pixels,
  height: pixels,
  /** Which colours the planes are; `planes`: none, they are shown side by side. */
  channelOrder: z.enum(CHANNEL_ORDERS, { error: ORDER_WANTED }).optional(),
  /** Subtracted per plane, in `channelOrder`, in units of 0..range. */
  mean: perPlane.optional(),
  /** Multiplied after that; or `std`, which divides. */
  scale: perPlane.optional(),
  std: perPlane.optional(),
  /** What white is to `mean` and `std`. @default 255 */
  range: finite.optional(),
  /** A convention's name, in place of all these numbers. */
  preprocessing: z
    .enum(PREPROCESSING_NAMES, { error: `want ${PREPROCESSING_NAMES.join(", ")}` })
    .optional(),
  /** Planes of the image, where no list has one number for each. @default 3 */
  planes: z.int({ error: "want a whole number of planes" }).min(1).optional(),
  /** What of this nobody has said, in words; left out where everything was. */
  assumed: z.string().min(1).optional(),
  /** The graph's other inputs, which have a value for good; left out where there are none. */
  constants: constantsSchema.optional(),
});

/** What a description says of the network's image; its numbers in one way, however written. */
export const networkInputSchema = writtenSchema.transform((written, context) => {
  const { name, width, height, assumed, planes, constants, ...given } = written;
  const { channelOrder, preprocessing, mean, std, scale } = given;
  const missing = (field: string, message: string) => {
    context.issues.push({ code: "custom", path: [field], message, input: written });
  };
  if (preprocessing === undefined && mean === undefined)
    missing("mean", "want a mean, or a preprocessing");
  if (preprocessing === undefined && channelOrder === undefined)
    missing("channelOrder", ORDER_WANTED);
  const lengths = [mean, std, scale].map((values) => values?.length ?? 1);
  const count = planes ?? (channelOrder === "planes" ? Math.max(...lengths) : 3);
  for (const field of ["mean", "scale", "std"] as const) {
    const { length } = given[field] ?? [];
    if (given[field] !== undefined && length !== count) {
      missing(field, `given ${length} numbers, want ${count}, one for each plane`);
    }
    if (field !== "mean" && given[field]?.includes(0)) missing(field, "0 would erase a channel");
  }
  if (context.issues.length > 0) return z.NEVER;
  try {
    const numbers = toPreprocessing(given, count);
    return {
      name,
      width,
      height,
      ...numbers,
      ...(assumed !== undefined && { assumed }),
      ...(constants !== undefined && { constants }),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    missing("preprocessing", error.message);
    return z.NEVER;
  }
});

export type NetworkInput = Readonly<z.infer<typeof networkInputSchema>>;
