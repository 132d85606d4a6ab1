import * as z from "zod";

const shape = z.array(z.int());
/**
 * JSON has no infinite numbers, and few readers take integers from 2^53 on exactly: these are text,
 * "Infinity" and "9223372036854775807".
 */
const scalar = z.union([z.number(), z.string()]);
const domain = z.string().describe("of the operators; 'ai.onnx' for standard ONNX");

/** What the file of a network says of itself. */
export const fileFactsSchema = z.strictObject({
  sizeBytes: z.int().nullable().describe("with the files of weights beside it"),
  producer: z.string().describe("what wrote it; empty where it does not say"),
  opsets: z
    .array(z.strictObject({ domain, version: z.int() }))
    .describe("those that its graph has operators of"),
});
export type FileFacts = z.infer<typeof fileFactsSchema>;

const constantSchema = z.strictObject({
  type: z.string().describe("of its elements in the file: 'float16'"),
  count: z.int().describe("of its elements"),
  values: z.array(scalar).nullable().describe("where they are few"),
  statistics: z
    .strictObject({
      min: z.number(),
      mean: z.number(),
      max: z.number(),
      deviation: z.number().describe("standard deviation"),
    })
    .nullable()
    .describe("of floats, and of small integers; null of very many"),
});

const attributeSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(["int", "ints", "float", "floats", "string", "strings", "tensor", "graph"]),
  value: z
    .union([scalar, z.array(scalar)])
    .describe("of a tensor its type and shape, of a graph how many nodes it has, in words"),
  left: z.int().describe("how many more items a long list has"),
});
export type AttributeFacts = z.infer<typeof attributeSchema>;

export const multiplyAddsSchema = z
  .number()
  .nullable()
  .describe("of one image, in a convolution or a product of matrices; null for other operators");

/** A layer's node, as the file has it. */
export const layerFactsSchema = z.strictObject({
  index: z.int().min(1).describe("1-based; 1 is the image"),
  name: z.string(),
  type: z.string().describe("ONNX operator that the layer is, as it is looked at"),
  node: z
    .strictObject({
      name: z.string().describe("often empty"),
      operator: z
        .string()
        .describe("as the file has it; another than the type where the layer is a part of it"),
      domain,
      opset: z.int().nullable().describe("version of the domain that the file uses"),
      attributes: z.array(attributeSchema).describe("those that it has; others have their default"),
      inputs: z.array(
        z.strictObject({
          name: z.string().describe("empty: left out"),
          shape: shape.nullable().describe("null where it is not known"),
          layer: z.int().min(1).nullable().describe("index of the layer whose data it is"),
          constant: constantSchema.nullable().describe("weights, and numbers that are given"),
        }),
      ),
      outputs: z.array(z.strictObject({ name: z.string(), shape: shape.nullable() })),
    })
    .nullable()
    .describe("null for the image"),
  learnableCount: z.int().min(0),
  multiplyAdds: multiplyAddsSchema,
});
export type LayerFacts = z.infer<typeof layerFactsSchema>;
