import type { z } from "zod";

import type * as dataset from "../../lib/pipeline/dataset/channel-examples.ts";
import type { explanationSchema } from "../../functions/api/explanation-schemas.ts";
import type {
  classListSchema,
  circuitDocumentSchema,
  layerFactsDocumentSchema,
  layerTableSchema,
  networkListSchema,
} from "../../functions/api/network-schemas.ts";
import type {
  acceptedAtlasSchema,
  acceptedSchema,
  channelResultDocumentSchema,
  jobListSchema,
  jobSchema,
} from "../../functions/api/schemas.ts";

/* What the API answers, by the very schemas that its OpenAPI document is made of. */
export type AcceptedAtlas = z.output<typeof acceptedAtlasSchema>;
export type Accepted = z.output<typeof acceptedSchema>;
export type JobList = z.output<typeof jobListSchema>;
export type JobSummary = JobList["jobs"][number];
export type JobDocument = z.output<typeof jobSchema>;
export type ChannelDocument = JobDocument["channels"][number];
export type ChannelResultDocument = z.output<typeof channelResultDocumentSchema>;
/** Of a channel that has its image. */
export type ImageDocument = Extract<ChannelResultDocument, { readonly state: "ok" }>;
export type NetworkList = z.output<typeof networkListSchema>;
export type NetworkDocument = NetworkList["networks"][number];
export type LayerTable = z.output<typeof layerTableSchema>;
export type LayerDocument = LayerTable["layers"][number];
export type LayerFacts = z.output<typeof layerFactsDocumentSchema>;
export type Circuit = z.output<typeof circuitDocumentSchema>;
/** Of it, what a channel is made of further back. */
export type ExpandedCircuit = Pick<Circuit, "weighing" | "count" | "sources">;
/** A channel that another one is made of. */
export type CircuitLink = Circuit["sources"][number];
export type ClassList = z.output<typeof classListSchema>;
export type ExplanationDocument = z.output<typeof explanationSchema>;
/** What there is of one that is done. */
export type ExplanationFigures = NonNullable<ExplanationDocument["explanation"]>;
/* What the page's own server tells of photographs that excite channels. */
export type ChannelExamples = dataset.Addressed<dataset.ChannelExamples>;
export type LayerExamples = dataset.Addressed<dataset.LayerExamples>;
export type PlacedExample = dataset.PlacedExample;
export type LookProgress = dataset.LookProgress;
