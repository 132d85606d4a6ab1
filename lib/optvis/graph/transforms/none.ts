import type { Transform } from "../parts.ts";

/** The network sees the whole image as it is. */
export const none: Transform = {
  inputs: [],
  emit: (graph, values, differentiate) => differentiate(graph, values),
};
