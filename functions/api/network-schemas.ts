import * as z from "zod";

import { circuitSchema } from "../../lib/pipeline/networks/circuit-schema.ts";
import {
  fileFactsSchema,
  layerFactsSchema,
  multiplyAddsSchema,
} from "../../lib/pipeline/networks/layer-facts-schema.ts";
import { suggestionSchema } from "../../lib/pipeline/request/suggestion-schema.ts";
import { linkSchema, networkIdSchema } from "./schemas.ts";

/* What the API tells of networks and their layers. */

export const networkListSchema = z.strictObject({
  networks: z.array(
    z.strictObject({
      id: networkIdSchema,
      licence: z.string(),
      input: z.strictObject({
        width: z.int().min(1),
        height: z.int().min(1),
        channelOrder: z
          .enum(["RGB", "BGR", "planes"])
          .describe("of the image's planes; planes: they are no colours"),
        assumed: z
          .string()
          .nullable()
          .describe("what its pixels are taken to be where nobody has said; null: it was said"),
      }),
      hasClassNames: z.boolean(),
      removable: z
        .boolean()
        .describe("false: it is in a folder of the service, which would publish it again"),
      links: z.strictObject({ layers: linkSchema, classes: linkSchema }),
    }),
  ),
  problems: z.array(z.string()).describe("networks that cannot be used, and why"),
});

export const removedNetworkSchema = z.strictObject({ network: networkIdSchema });

export const classListSchema = z.strictObject({
  network: networkIdSchema,
  classes: z
    .array(z.strictObject({ channel: z.int().min(1).describe("1-based"), name: z.string() }))
    .describe("of the classifier's layer; none where the names are not known"),
});

export const layerTableSchema = z.strictObject({
  network: networkIdSchema,
  file: fileFactsSchema,
  layers: z.array(
    z.strictObject({
      index: z.int().min(1).describe("1-based; 1 is the image"),
      name: z.string(),
      type: z.string().describe("ONNX operator"),
      quantised: z.boolean().describe("whether the file has its weights or values as integers"),
      activations: z.array(z.int()).nullable().describe("size of the output, [N, C, ...]"),
      channels: z.int().nullable(),
      channelAxis: z.int().min(1).describe("which axis of the output they lie along"),
      learnables: z.array(z.strictObject({ name: z.string(), shape: z.array(z.int()) })),
      learnableCount: z.int().min(0),
      multiplyAdds: multiplyAddsSchema,
      receptiveField: z
        .strictObject({ rows: z.int().min(1), columns: z.int().min(1) })
        .nullable()
        .describe(
          "pixels of the image that a place of the map looks at; null where there are no places, or each looks everywhere",
        ),
      aliases: z.array(z.string()).describe("other names it answers to"),
      inputs: z.array(z.int().min(1)).describe("indices of the layers that it reads"),
      module: z.string().describe("what it is part of, 'layer1.0'; empty where that is not known"),
      renderable: z.boolean().describe("whether its channels can be rendered"),
      problem: z.string().nullable().describe("why they cannot"),
      suggestion: suggestionSchema
        .nullable()
        .describe("how its channels are drawn best; null where they cannot be rendered"),
    }),
  ),
  links: z.strictObject({
    next: linkSchema
      .nullable()
      .describe("the layers behind these, where one answer cannot hold all"),
  }),
});

export const layerFactsDocumentSchema = layerFactsSchema;

export const circuitDocumentSchema = circuitSchema;
