/**
 * Time as the endpoint sees it, so that tests can move it. Everything that expires asks the clock.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls `action` once after `delayMs`; the returned function cancels it. Never keeps the process
   * alive.
   */
  after(delayMs: number, action: () => void): () => void;
}

// setTimeout fires at once for longer delays (2^31 - 1 ms, about 25 days)
const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** How often a steady clock looks. */
const STROKE_MS = 1_000;
/** What is longer between two looks is time in which this process did not run. */
const LONGEST_STROKE_MS = 2 * STROKE_MS;

/**
 * The machine's time, less that in which it slept or this process was stopped, and whatever its
 * clock was set to since the start. By the machine's own, all messages in flight would come back as
 * it wakes, before those who work on them could ask for more time, and be worked on twice.
 */
export class SteadyClock implements Clock {
  readonly #elapsedMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #nowMs = Date.now();
  #seenMs: number;

  /** @param elapsedMs from any beginning, as of a clock that nobody sets */
  constructor(elapsedMs: () => number = () => performance.now()) {
    this.#elapsedMs = elapsedMs;
    this.#seenMs = elapsedMs();
    this.#timer = setInterval(() => this.now(), STROKE_MS).unref();
  }

  now(): number {
    const seenMs = this.#elapsedMs();
    this.#nowMs += Math.min(LONGEST_STROKE_MS, seenMs - this.#seenMs);
    this.#seenMs = seenMs;
    return Math.floor(this.#nowMs);
  }

  after(delayMs: number, action: () => void): () => void {
    return systemClock.after(delayMs, action);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/**
 * A clock that stands still until it is told to advance.
 *
 * Clients sign with their own clocks: past 15 minutes of difference requests are
 * refused, as they would be by AWS, and the SDK corrects its offset and retries.
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #alarms = new Set<{ readonly at: number; readonly action: () => void }>();

  constructor(startMs: number = Date.now()) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const alarm = { at: this.#now + Math.max(0, delayMs), action };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves time forward and runs what has become due, in order of time. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (;;) {
      const [next] = [...this.#alarms]
        .filter(({ at }) => at <= target)
        .toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = target;
  }
}
