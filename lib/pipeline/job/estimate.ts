import * as z from "zod";

import { DOLLARS_PER_CORE_SECOND, START_SECONDS } from "../rates.ts";
import type { WorkSeconds } from "../request/work-seconds.ts";
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
  return estimateOfSeconds(secondsOnCores(total, seconds));
}

/**
 * What the images of a job take together, in seconds of the clock, on so many cores that share them:
 * each begins with its start. What a poor picture takes that is drawn once more is not in it.
 */
export function secondsOnCores(
  images: number,
  { channel }: Pick<WorkSeconds, "channel">,
  cores = 1,
): number {
  return START_SECONDS + (images * channel) / cores;
}

/** @param coreSeconds of one CPU core, for all images together */
export function estimateOfSeconds(coreSeconds: number): Estimate {
  return {
    coreSeconds: toTwoDigits(coreSeconds),
    dollars: toTwoDigits(coreSeconds * DOLLARS_PER_CORE_SECOND),
  };
}

/** Rounded to the two digits that an estimate is good for. */
export function toTwoDigits(value: number): number {
  return Number(value.toPrecision(2));
}
