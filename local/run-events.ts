import type { Completion } from "../lib/pipeline/job/tally.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../lib/pipeline/job/result.ts";
import type { RenderProgress } from "../lib/pipeline/render/renderer.ts";

/** What happens to the `request`th request (0-based) of a run. */
export type RunEvent =
  | { readonly kind: "notice"; readonly request: number; readonly notice: string }
  | { readonly kind: "accepted"; readonly request: number; readonly plan: JobPlan }
  | { readonly kind: "step"; readonly request: number; readonly progress: RenderProgress }
  | {
      readonly kind: "channel";
      readonly request: number;
      readonly result: ChannelResult;
      /** Channels that have ended, of `total`. */
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: "ended"; readonly request: number; readonly outcome: JobOutcome };

export type JobOutcome =
  | { readonly kind: "rejected"; readonly problems: readonly string[] }
  | {
      readonly kind: "ended";
      readonly plan: JobPlan;
      readonly completion: Completion;
      /** Files on this machine. */
      readonly sheetPath: string;
      readonly manifestPath: string;
      readonly tilesFolder: string;
    };
