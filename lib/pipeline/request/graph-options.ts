import * as z from "zod";

import { PROVIDERS } from "../../autodiff/provider.ts";
import { OBJECTIVES } from "../../optvis/graph/objective/names.ts";
import { describeIssues } from "./describe-issues.ts";
import { RequestError } from "./request.ts";

const direction = z.object({ kind: z.literal("direction"), cosinePower: z.number() });

const graphOptionsSchema = z.object({
  network: z.custom(
    (value) => typeof value === "object" && value !== null && "analysed" in value,
    "what readNetwork gives",
  ),
  layer: z.union([z.string(), z.number()], "a layer's name, or its 1-based index"),
  image: z.array(z.int().min(1)).length(4).optional(),
  provider: z.enum(PROVIDERS).optional(),
  objective: z
    .union(
      [z.enum([...OBJECTIVES, "layer", "neuron"]), direction],
      'one of "rectified", "mean", "layer", "neuron", or { kind: "direction", cosinePower: number }',
    )
    .optional(),
});

/**
 * Refuses what no graph can be made for: plain JavaScript has no compiler to say it.
 *
 * @throws RequestError
 */
export function checkGraphOptions(options: object): void {
  const { error } = graphOptionsSchema.safeParse(options);
  if (error) throw new RequestError(describeIssues(error.issues, options, null));
}
