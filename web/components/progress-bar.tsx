import type { ComponentChildren } from "preact";

import type { JobSummary } from "../api/documents.ts";

/** How far a job is. */
export type Progress = Pick<
  JobSummary,
  "state" | "total" | "ok" | "failed" | "cancelled" | "iterations" | "secondsLeft"
>;

interface ProgressBarProps {
  readonly job: Progress;
  /** What else is to be said of it. */
  readonly children?: ComponentChildren;
}

/** How far a job is: a bar while it goes on, and the same in words. */
export function ProgressBar({ job, children }: ProgressBarProps) {
  const { state, total, ok, failed, cancelled, iterations } = job;
  const share = iterations.done / iterations.total;
  const hasEnded = ok + failed + cancelled === total;
  return (
    <div class={hasEnded ? `progress ended ${state}` : "progress"}>
      {/* nothing moves when it ends */}
      <progress max={1} value={share} aria-label={`job ${inWords(job)}`} />
      <span class="words">
        <span class="quiet">{inWords(job)}</span>
        {children !== undefined && <span class="quiet">{children}</span>}
      </span>
    </div>
  );
}

function inWords({ state, total, ok, failed, cancelled, secondsLeft }: Progress): string {
  const ended = ok + failed + cancelled;
  const counts = [
    `${ok} of ${total}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(secondsLeft === null ? [] : [`${duration(secondsLeft)} left`]),
    // a large sheet takes longer than its pictures did
    ...(state === "running" && ended === total ? ["the sheet is being made"] : []),
  ];
  return `${state.replaceAll("_", " ")}, ${counts.join(", ")}`;
}

/** "40 s", "3 min", "2 h 5 min", "2 h" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = `${Math.floor(minutes / 60)} h`;
  return minutes % 60 === 0 ? hours : `${hours} ${minutes % 60} min`;
}
