import type { Clock } from "../clock.ts";

/** Lets long polls wait for messages. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when messages may have come, when the time is over, or when nobody waits any more. */
  next(timeoutMs: number, abandoned: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed || abandoned.aborted) {
        resolve();
        return;
      }
      const finish = () => {
        cancel();
        abandoned.removeEventListener("abort", finish);
        this.#waiting.delete(finish);
        resolve();
      };
      const cancel = this.#clock.after(timeoutMs, finish);
      abandoned.addEventListener("abort", finish);
      this.#waiting.add(finish);
    });
  }

  /** In order of their coming; each looks for itself whether there is something left. */
  announce(): void {
    for (const finish of this.#waiting) finish();
  }

  close(): void {
    this.#isClosed = true;
    this.announce();
  }
}
