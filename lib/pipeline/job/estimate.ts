import * as z from "zod";

import { DOLLARS_PER_CORE_SECOND } from "../rates.ts";
import type { JobPlan } from "./plan.ts";

export const estimateSchema = z
  .strictObject({
    coreSeconds: z.number().min(0).describe("of one CPU core, for all images together"),
    dollars: z.number().min(0).describe("at Lambda's list price in us-east-1"),
  })
  .describe("what it will take, by its pixels, iterations and layers' operations");
export type Estimate = z.infer<typeof estimateSchema>;

/** `null` for a job of before there were estimates. */
export function estimateOf({
  seconds,
  total,
}: Pick<JobPlan, "seconds" | "total">): Estimate | null {
  if (seconds === null) return null;
  return estimateOfSeconds(total * seconds.channel);
}

/** @param coreSeconds of one CPU core, for all images together */
export function estimateOfSeconds(coreSeconds: number): Estimate {
  return {
    coreSeconds: toTwoDigits(coreSeconds),
    dollars: toTwoDigits(coreSeconds * DOLLARS_PER_CORE_SECOND),
  };
}

/** As many as an estimate has. */
export function toTwoDigits(value: number): number {
  return Number(value.toPrecision(2));
}
