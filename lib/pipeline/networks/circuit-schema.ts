import * as z from "zod";

/** Numbers of a kernel that are told one by one: 64 x 64. */
export const MAX_KERNEL_NUMBERS = 4_096;

/** Of an image's planes. */
export const COLOURS = ["red", "green", "blue"] as const;

const namedLayerSchema = z.strictObject({
  index: z.int().min(1).describe("1-based; 1 is the image"),
  name: z.string(),
});

const linkSchema = z.strictObject({
  layer: namedLayerSchema,
  channel: z.int().min(1).describe("1-based"),
  colour: z.enum(COLOURS).nullable().describe("of a plane of the image; null of any other channel"),
  sum: z.number().describe("of the weights: above 0 excites, below inhibits"),
  share: z.number().describe("of the squares of all weights on the same side, 0 to 1"),
  kernel: z.strictObject({
    rows: z.int().min(1),
    columns: z.int().min(1),
    weights: z
      .array(z.number())
      .nullable()
      .describe(
        `row by row, as they lie on the map; null of more than ${MAX_KERNEL_NUMBERS} of them`,
      ),
  }),
});

/** A channel, the channels that it is made of, and those that are made of it. */
export const circuitSchema = z.strictObject({
  layer: namedLayerSchema,
  channel: z.int().min(1).describe("1-based"),
  weighing: z.array(namedLayerSchema).describe("the layers whose weights these are"),
  count: z.int().describe("of the channels that it is made of"),
  sources: z.array(linkSchema).describe("those with the largest weights, the largest first"),
  useCount: z.int().describe("of the channels that are made of it"),
  uses: z
    .array(linkSchema)
    .describe(
      "those of these with the largest weights, the largest first; in a sum of layers what it counts by, mostly 1",
    ),
});
export type Circuit = z.infer<typeof circuitSchema>;
export type CircuitLink = Circuit["sources"][number];
