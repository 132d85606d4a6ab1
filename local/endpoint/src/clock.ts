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
