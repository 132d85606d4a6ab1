import type { AscentProgress } from "../lib/optvis/ascent/task.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../lib/pipeline/job/result.ts";
import type { Completion } from "../lib/pipeline/job/tally.ts";

/*
 * Apart from the code that tells them: these types are the package's, and may not lead to those of
 * the embedded endpoint, which no registry has.
 */

/** What happens to a job's channels on the way to its end. */
export type JobEvent =
  | { readonly kind: "step"; readonly progress: AscentProgress }
  | {
      readonly kind: "channel";
      readonly result: ChannelResult;
      /** Channels that have ended, in earlier runs too, of `total`. */
      readonly done: number;
      readonly total: number;
    };

export type RequestEvent =
  | { readonly kind: "notice"; readonly notice: string }
  | { readonly kind: "accepted"; readonly plan: JobPlan }
  | JobEvent
  | { readonly kind: "ended"; readonly outcome: JobOutcome };

/** What happens to the `request`th request (0-based) of a run. */
export type RunEvent = RequestEvent & { readonly request: number };

export type JobOutcome =
  | { readonly kind: "rejected"; readonly problems: readonly string[] }
  | {
      readonly kind: "ended";
      readonly plan: JobPlan;
      readonly completion: Completion;
      /** Files on this machine. */
      readonly sheetPath: string;
      readonly manifestPath: string;
      /** Images, their raw values and animations; what was drawn again lies in other folders. */
      readonly tilePaths: readonly string[];
    };
