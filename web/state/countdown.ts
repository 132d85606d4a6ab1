/** Before there is a speed to go by. */
const FIRST_ESTIMATE_MS = 10_000;

/** Tells how long work will take by the speed that it has had since it was begun. */
export class Countdown {
  #start: { readonly ms: number; readonly done: number } | null = null;

  /**
   * @param work steps that are done and left; `null`: nothing is under way, and how long that lasts
   *   says nothing of the speed of what comes after it
   * @param ms now, of a clock that only goes on
   * @returns seconds; `null` before there is a speed
   */
  secondsLeft(
    work: { readonly done: number; readonly left: number } | null,
    ms: number,
  ): number | null {
    if (work === null) {
      this.#start = null;
      return null;
    }
    this.#start ??= { ms, done: work.done };
    const elapsedMs = ms - this.#start.ms;
    const done = work.done - this.#start.done;
    if (elapsedMs < FIRST_ESTIMATE_MS || done <= 0) return null;
    return (work.left * elapsedMs) / done / 1_000;
  }
}
