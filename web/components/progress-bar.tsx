/** How far a job is, as the API tells it. */
export interface Progress {
  readonly state: string;
  readonly total: number;
  readonly ok: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly iterations: { readonly done: number; readonly total: number };
  readonly secondsLeft: number | null;
}

/** How far a job is: a bar, and the same in words. */
export function ProgressBar({ job }: { readonly job: Progress }) {
  const { iterations } = job;
  const share = iterations.done / iterations.total;
  return (
    <div class="progress">
      <progress max={1} value={share} aria-label={`job ${inWords(job)}`} />
      <span class="quiet">{inWords(job)}</span>
    </div>
  );
}

function inWords({ state, total, ok, failed, cancelled, secondsLeft }: Progress): string {
  const counts = [
    `${ok} of ${total}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(secondsLeft === null ? [] : [`${duration(secondsLeft)} left`]),
  ];
  return `${state.replaceAll("_", " ")}, ${counts.join(", ")}`;
}

/** "40 s", "3 min", "2 h 5 min" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
