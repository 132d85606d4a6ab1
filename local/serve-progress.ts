import type { Acceptance } from "../lib/pipeline/job/accept-request.ts";
import type { Completion, JobProgress } from "../lib/pipeline/job/tally.ts";
import type { PipelineEvent } from "./pipeline-events.ts";

export interface ServeProgressOptions {
  readonly print: (line: string) => void;
  /** Presigned address of an object. */
  readonly linkTo: (key: string) => Promise<string>;
  readonly nowMs?: () => number;
}

/** Between two lines about one job. */
const LINE_EVERY_MS = 1_000;

/** Turns what happens in the pipeline into lines for someone who watches the terminal. */
export class ServeProgress {
  readonly #print: (line: string) => void;
  readonly #linkTo: (key: string) => Promise<string>;
  readonly #nowMs: () => number;
  readonly #lastLineMs = new Map<string, number>();
  /** Where the counting of a job began in this process, and when. */
  readonly #begun = new Map<string, { readonly ms: number; readonly ended: number }>();

  constructor({ print, linkTo, nowMs = () => performance.now() }: ServeProgressOptions) {
    this.#print = print;
    this.#linkTo = linkTo;
    this.#nowMs = nowMs;
  }

  /** To be told of what happens in the pipeline. */
  readonly listener = (event: PipelineEvent): void => {
    switch (event.kind) {
      case "accepted": {
        const { jobId, network, layer, total } = event.plan;
        this.#print(`job ${jobId}: accepted, ${network.id} / ${layer.name}, ${total} channels`);
        return;
      }
      case "answered":
        this.#print(`${event.key}: ${answerText(event.acceptance)}`);
        return;
      case "result":
        if (event.result.state === "failed") {
          const { jobId, channel, reason } = event.result;
          this.#print(`job ${jobId}: channel ${channel} failed: ${reason}`);
        }
        return;
      case "progress":
        this.#printProgress(event.progress);
        return;
      case "completed":
        this.#printEnd(event.completion).catch((error: unknown) =>
          this.#print(`no link to the sheet: ${String(error)}`),
        );
        return;
      case "given-up":
        this.#print(
          `not answered, and given up: ${String(event.error)}; the message: ${event.body}`,
        );
        return;
      case "step":
    }
  };

  #printProgress(progress: JobProgress): void {
    const { jobId, state, total, ok, failed, cancelled, meanActivation } = progress;
    const now = this.#nowMs();
    const last = this.#lastLineMs.get(jobId) ?? -Infinity;
    if (state !== "running" || now - last < LINE_EVERY_MS) return;
    this.#lastLineMs.set(jobId, now);
    const failures = failed + cancelled === 0 ? "" : `, ${failed} failed, ${cancelled} cancelled`;
    const strength =
      meanActivation === null ? "" : `, mean activation ${meanActivation.toPrecision(4)}`;
    const left = this.#timeLeft(progress, now);
    this.#print(`job ${jobId}: ${ok} of ${total} channels${failures}${strength}${left}`);
  }

  #timeLeft({ jobId, total, ok, failed, cancelled }: JobProgress, now: number): string {
    const ended = ok + failed + cancelled;
    const from = this.#begun.get(jobId);
    // a job that was deleted, and is drawn again, has fewer
    const isBegun = from !== undefined && from.ended <= ended;
    if (!isBegun) this.#begun.set(jobId, { ms: now, ended });
    if (!isBegun || from.ended === ended) return "";
    const seconds = ((now - from.ms) / 1000 / (ended - from.ended)) * (total - ended);
    return `, ${Math.ceil(seconds)} s left`;
  }

  async #printEnd({ jobId, state, total, ok, montage }: Completion): Promise<void> {
    this.#lastLineMs.delete(jobId);
    this.#begun.delete(jobId);
    const outcome = `job ${jobId}: ${state.replaceAll("_", " ")}, ${ok} of ${total} channels`;
    this.#print(`${outcome}; the sheet, for an hour:\n  ${await this.#linkTo(montage)}`);
  }
}

function answerText(acceptance: Acceptance): string {
  if (acceptance.status === "accepted") {
    return `job ${acceptance.jobId}, ${acceptance.plan.total} channels`;
  }
  return `rejected\n${acceptance.problems.map((text) => `  ${text}`).join("\n")}`;
}
