import * as z from "zod";

import { formatRanges } from "../request/channel-ranges.ts";
import type { ChannelResult, ChannelState } from "./result.ts";

/** How many channels have ended how; in stored objects and in the API's answers alike. */
export const countFields = {
  total: z.int().min(1),
  ok: z.int().min(0),
  failed: z.int().min(0),
  cancelled: z.int().min(0),
  meanActivation: z
    .number()
    .nullable()
    .describe("mean of the activation strengths of the images so far"),
};

const endStateSchema = z.enum(["completed", "completed_with_failures", "cancelled"]);
/** `running` until every channel has ended. */
export const jobStateSchema = z.enum(["running", ...endStateSchema.options]);
export type JobState = z.infer<typeof jobStateSchema>;

/** The states that people are told of. */
export const statusStateSchema = z.enum([
  "queued",
  "running",
  "cancelling",
  ...endStateSchema.options,
]);

export type JobCounts = Readonly<z.infer<z.ZodObject<typeof countFields>>>;

/** The counts alone, of an object that has them among other fields. */
export function countsOf({ total, ok, failed, cancelled, meanActivation }: JobCounts): JobCounts {
  return { total, ok, failed, cancelled, meanActivation };
}

/** How a job stands. */
export interface JobTally<State = JobState> extends JobCounts {
  readonly state: State;
}

const identity = { version: z.literal(1), jobId: z.string() };

export const progressSchema = z.strictObject({
  ...identity,
  state: jobStateSchema,
  ...countFields,
  /** The channels that are counted here, such as "1:36,40". */
  counted: z.string(),
  updatedAt: z.iso.datetime(),
});

/** The body of `status.json`: how far a job had come at `updatedAt`; it may lag behind. */
export type JobProgress = z.infer<typeof progressSchema>;

/** Pictures that stand for a job. */
export const PICTURES_SHOWN = 6;

const sheetFields = {
  /** Letters of title and labels that the machine which made the sheet has no font for. */
  missingGlyphs: z.string().optional(),
  /** Channels (1-based) that show what its pictures are like; an older version has none. */
  pictures: z.array(z.int().min(1)).optional(),
};

/** What the end of a job tells of its sheet. */
export type SheetFacts = Readonly<z.infer<z.ZodObject<typeof sheetFields>>>;

export const completionSchema = z.strictObject({
  ...identity,
  state: endStateSchema,
  ...countFields,
  montage: z.string(),
  manifest: z.string(),
  ...sheetFields,
  completedAt: z.iso.datetime(),
});

/** The body of `complete.json`: the end of a job. */
export type Completion = z.infer<typeof completionSchema>;

/** The record of a job's end. @throws Error if it is not at its end */
export function completionOf(
  jobId: string,
  { state, ...counts }: JobTally,
  sheet: Pick<Completion, "montage" | "manifest"> & SheetFacts,
  now: Date,
): Completion {
  if (state === "running") throw new Error(`internal: job ${jobId} is not at its end`);
  return { version: 1, jobId, state, ...counts, ...sheet, completedAt: now.toISOString() };
}

/** Counts results, and adds those counted before. */
export function countResults(
  total: number,
  results: readonly ChannelResult[],
  before: JobCounts | null = null,
): JobCounts {
  const count = (state: ChannelState) =>
    (before?.[state] ?? 0) + results.filter((result) => result.state === state).length;
  const activations = results.flatMap((result) => (result.state === "ok" ? result.activation : []));
  const earlier = (before?.meanActivation ?? 0) * (before?.ok ?? 0);
  const sum = activations.reduce((subtotal, activation) => subtotal + activation, earlier);
  const ok = count("ok");
  const [failed, cancelled] = [count("failed"), count("cancelled")];
  return { total, ok, failed, cancelled, meanActivation: ok === 0 ? null : sum / ok };
}

/** The state follows from the results alone, so every assembler finds the same. */
export function tallyOf(total: number, results: readonly ChannelResult[]): JobTally {
  const counts = countResults(total, results);
  return { state: stateOf(counts), ...counts };
}

function stateOf({ total, ok, failed, cancelled }: JobCounts): JobState {
  if (ok + failed + cancelled < total) return "running";
  if (cancelled > 0) return "cancelled";
  return failed > 0 ? "completed_with_failures" : "completed";
}

/** How far a job is. @param ended the results that the tally counts */
export function progressOf(
  jobId: string,
  tally: JobTally,
  ended: readonly ChannelResult[],
  now: Date,
): JobProgress {
  const counted = formatRanges(ended.map(({ channel }) => channel));
  return { version: 1, jobId, ...tally, counted, updatedAt: now.toISOString() };
}
