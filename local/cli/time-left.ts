import type { ProgressBar, Terminal } from "./terminal.ts";

/** Time that has to pass before there is a speed to go by. */
const FIRST_ESTIMATE_MS = 3_000;

/**
 * Share of all pieces that has to be done before there is a speed: the first few wait for sessions
 * to be made, and would make one expect hours.
 */
const FIRST_SHARE = 0.01;

/** After this time sessions are made; of a day's work that share would take long. */
const SETTLED_MS = 60_000;

/** Work that is over sooner needs no bar. */
const FIRST_SHOWN_MS = 1_000;

/** How long the rest of some work takes, which is counted in equal pieces, at the speed so far. */
export class TimeLeft {
  readonly #nowMs: () => number;
  /** When pieces were first counted, and how many took none of the time since then. */
  #start: { readonly ms: number; done: number } | null = null;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Pieces that are done without work, and say nothing of the speed. */
  leaveOut(pieces: number): void {
    if (this.#start) this.#start.done += pieces;
  }

  /** `null` before there is a speed to go by. */
  seconds(done: number, total: number): number | null {
    const nowMs = this.#nowMs();
    this.#start ??= { ms: nowMs, done };
    const elapsedMs = nowMs - this.#start.ms;
    const counted = done - this.#start.done;
    const isEarly = elapsedMs < SETTLED_MS && counted < FIRST_SHARE * total;
    if (elapsedMs < FIRST_ESTIMATE_MS || isEarly || counted === 0) return null;
    return ((total - done) * elapsedMs) / counted / 1000;
  }
}

/** A bar for work of equal pieces, with the time left; it ends where the work fails, too. */
export class WorkBar implements Disposable {
  readonly #bar: ProgressBar;
  readonly #total: number;
  readonly #timeLeft: TimeLeft;
  readonly #nowMs: () => number;
  readonly #startMs: number;

  constructor(
    { progressBar }: Pick<Terminal, "progressBar">,
    label: string,
    total: number,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#bar = progressBar(label);
    this.#total = total;
    this.#timeLeft = new TimeLeft(nowMs);
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    // its clock starts with the work, not with the first piece that is done
    this.#timeLeft.seconds(0, total);
  }

  /** @param done pieces of all that there are */
  show(done: number): void {
    if (this.#nowMs() - this.#startMs < FIRST_SHOWN_MS) return;
    const seconds = this.#timeLeft.seconds(done, this.#total);
    const isLeft = seconds !== null && done < this.#total;
    this.#bar.show(done, this.#total, isLeft ? `${describeSeconds(seconds)} left` : undefined);
  }

  [Symbol.dispose](): void {
    this.#bar.end();
  }
}

/** A time to wait, as finely as it can be known: "40 s", "7 min", "2 h 10 min". */
export function describeSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.max(5, 5 * Math.round(seconds / 5))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const rounded = 10 * Math.round(minutes / 10);
  const rest = rounded % 60;
  return `${Math.floor(rounded / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}
