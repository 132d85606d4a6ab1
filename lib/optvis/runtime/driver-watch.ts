import { PROFILES } from "./providers.ts";
import { DriverHangError } from "./errors.ts";
import type { SessionGraph } from "./session-graph.ts";

export interface DriverPatience {
  /** The least that a driver is given for one answer; the gate gives it a tenth of that. */
  readonly leastSeconds: number;
  /** Of the longest earlier answer of the same graph. A run has at most eight times the work. */
  readonly factor: number;
}

const PATIENCE: DriverPatience = { leastSeconds: 600, factor: 20 };

/**
 * The time is told off in so many strokes: one that comes late, because the machine slept or the
 * process was stopped, counts as one.
 */
const STROKES = 20;

/** Gives up waiting for a driver that takes far longer than it ever did, as one that hangs does. */
export class DriverWatch {
  readonly #patience: DriverPatience;
  /** The longest answer, by the graph's key. */
  readonly #longestMs = new Map<string, number>();

  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /**
   * A thread begins to compile or run a graph.
   *
   * @param onHang called once at most
   * @returns to be called when it has answered; nobody watches the CPU, which may be slow
   */
  begin({ provider, key }: SessionGraph, onHang: (error: DriverHangError) => void): () => void {
    if (provider === "cpu") return () => undefined;
    const startedMs = performance.now();
    const { leastSeconds, factor } = this.#patience;
    const longestMs = this.#longestMs.get(key) ?? 0;
    const patienceMs = Math.max(1_000 * leastSeconds, factor * longestMs);
    let strokes = 0;
    const stroke = () => {
      if (++strokes < STROKES) return;
      clearInterval(clock);
      const seconds = Number((patienceMs / 1_000).toPrecision(2));
      const { name } = PROFILES[provider];
      onHang(new DriverHangError(`the driver of ${name} has not answered in ${seconds} s`));
    };
    const clock = setInterval(stroke, patienceMs / STROKES).unref();
    return () => {
      clearInterval(clock);
      this.#longestMs.set(key, Math.max(longestMs, performance.now() - startedMs));
    };
  }
}
