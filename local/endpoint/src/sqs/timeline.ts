import type { Clock } from "../clock.ts";
import { Heap } from "./heap.ts";

interface Entry<T> {
  readonly atMs: number;
  readonly item: T;
}

/** Things that are due at some time, with one alarm for the earliest. */
export class Timeline<T> {
  readonly #clock: Clock;
  readonly #ring: () => void;
  readonly #entries = new Heap<Entry<T>>((a, b) => a.atMs < b.atMs);
  #alarm: { readonly atMs: number; readonly cancel: () => void } | null = null;

  /** @param ring Called when something is due; it should take it. */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  add(atMs: number, item: T): void {
    this.#entries.push({ atMs, item });
    this.#setAlarm();
  }

  /** Takes out what is due by now, earliest first. */
  takeDue(): readonly T[] {
    const nowMs = this.#clock.now();
    const due: T[] = [];
    for (let next = this.#entries.peek(); next !== undefined && next.atMs <= nowMs;) {
      due.push(next.item);
      this.#entries.pop();
      next = this.#entries.peek();
    }
    this.#setAlarm();
    return due;
  }

  clear(): void {
    this.#entries.clear();
    this.#setAlarm();
  }

  #setAlarm(): void {
    const atMs = this.#entries.peek()?.atMs;
    if (atMs === this.#alarm?.atMs) return;
    this.#alarm?.cancel();
    this.#alarm = null;
    if (atMs === undefined) return;
    const cancel = this.#clock.after(atMs - this.#clock.now(), () => {
      this.#alarm = null;
      this.#ring();
    });
    this.#alarm = { atMs, cancel };
  }
}
