import type { Acceptance } from "../lib/pipeline/job/accept-request.ts";
import type { AscentProgress } from "../lib/optvis/ascent/task.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../lib/pipeline/job/result.ts";
import type { Completion, JobProgress } from "../lib/pipeline/job/tally.ts";

/** What happens in a pipeline that runs in this process, as it happens. */
export type PipelineEvent =
  /** A request of the API has become a job, new or not. */
  | { readonly kind: "accepted"; readonly plan: JobPlan }
  /** A request put under `key` was answered. */
  | { readonly kind: "answered"; readonly key: string; readonly acceptance: Acceptance }
  /** Requests whose intake failed on every delivery; `body` names their keys. */
  | { readonly kind: "given-up"; readonly body: string; readonly error: unknown }
  /** One ascent step of one channel. */
  | { readonly kind: "step"; readonly jobId: string; readonly progress: AscentProgress }
  /** A channel that this process was to end has ended, be it by another's result. */
  | { readonly kind: "result"; readonly result: ChannelResult }
  | { readonly kind: "progress"; readonly progress: JobProgress }
  | { readonly kind: "completed"; readonly completion: Completion };

export type PipelineListener = (event: PipelineEvent) => void;

/** Tells listeners, in the order in which they came. */
export class PipelineEvents {
  readonly #listeners = new Set<PipelineListener>();

  /** Returns the function that ends the listening. */
  listen(listener: PipelineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: PipelineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
