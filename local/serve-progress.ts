import type { PipelineEvent, PipelineListener } from "./pipeline-events.ts";

export interface ServeProgressOptions {
  readonly print: (line: string) => void;
  /** Presigned address of an object. */
  readonly linkTo: (key: string) => Promise<string>;
  readonly nowMs?: () => number;
}

/** Between two lines about one job. */
const LINE_EVERY_MS = 1_000;

/** Turns what happens in the pipeline into lines for someone who watches the terminal. */
export function serveProgress(options: ServeProgressOptions): PipelineListener {
  const { print, linkTo, nowMs = () => performance.now() } = options;
  const lastLineMs = new Map<string, number>();
  /** Where the counting of a job began in this process, and when. */
  const begun = new Map<string, { readonly ms: number; readonly ended: number }>();
  const timeLeft = (jobId: string, ended: number, total: number, now: number) => {
    const from = begun.get(jobId);
    if (from === undefined) begun.set(jobId, { ms: now, ended });
    if (from === undefined || from.ended === ended) return "";
    const seconds = ((now - from.ms) / 1000 / (ended - from.ended)) * (total - ended);
    return `, ${Math.ceil(seconds)} s left`;
  };

  const printProgress = ({ progress }: Extract<PipelineEvent, { kind: "progress" }>) => {
    const { jobId, state, total, ok, failed, cancelled, meanActivation } = progress;
    const now = nowMs();
    if (state !== "running" || now - (lastLineMs.get(jobId) ?? -Infinity) < LINE_EVERY_MS) return;
    lastLineMs.set(jobId, now);
    const failures = failed + cancelled === 0 ? "" : `, ${failed} failed, ${cancelled} cancelled`;
    const strength =
      meanActivation === null ? "" : `, mean activation ${meanActivation.toPrecision(4)}`;
    const left = timeLeft(jobId, ok + failed + cancelled, total, now);
    print(`job ${jobId}: ${ok} of ${total} channels${failures}${strength}${left}`);
  };

  const printEnd = async ({ completion }: Extract<PipelineEvent, { kind: "completed" }>) => {
    const { jobId, state, total, ok, montage } = completion;
    lastLineMs.delete(jobId);
    begun.delete(jobId);
    const outcome = `job ${jobId}: ${state.replaceAll("_", " ")}, ${ok} of ${total} channels`;
    print(`${outcome}; the sheet, for an hour:\n  ${await linkTo(montage)}`);
  };

  return (event) => {
    switch (event.kind) {
      case "accepted": {
        const { jobId, network, layer, total } = event.plan;
        print(`job ${jobId}: accepted, ${network.id} / ${layer.name}, ${total} channels`);
        return;
      }
      case "answered": {
        const { key, acceptance } = event;
        if (acceptance.status === "rejected") {
          print(`${key}: rejected\n${acceptance.problems.map((text) => `  ${text}`).join("\n")}`);
        } else {
          print(`${key}: job ${acceptance.jobId}, ${acceptance.plan.total} channels`);
        }
        return;
      }
      case "result":
        if (event.result.state === "failed") {
          const { jobId, channel, reason } = event.result;
          print(`job ${jobId}: channel ${channel} failed: ${reason}`);
        }
        return;
      case "progress":
        printProgress(event);
        return;
      case "completed":
        printEnd(event).catch((error: unknown) => print(`no link to the sheet: ${String(error)}`));
        return;
      case "given-up":
        print(`not answered, and given up: ${String(event.error)}; the message: ${event.body}`);
        return;
      case "step":
    }
  };
}
