import { SessionLane } from "./session-worker.ts";

interface Waiter {
  readonly key: string;
  readonly take: (lane: SessionLane) => void;
}

/**
 * The engine's lanes, lent to one image at a time, so that two tasks at once share the cores and
 * neither loses its session to the other in the middle of a run. First come, first served.
 */
export class LanePool {
  readonly #size: number;
  #lanes: SessionLane[] = [];
  #free: SessionLane[] = [];
  readonly #waiters: Waiter[] = [];

  /** @param size lanes at most; they start when first wanted. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Lends a lane for `use`; among free ones, one that has `key` compiled. */
  async withLane<T>(key: string, use: (lane: SessionLane) => Promise<T>): Promise<T> {
    const lane = await this.#acquire(key);
    try {
      return await use(lane);
    } finally {
      this.#release(lane);
    }
  }

  /** Ends the threads; new ones start if the pool is used again. */
  async close(): Promise<void> {
    const lanes = this.#lanes;
    this.#lanes = [];
    this.#free = [];
    await Promise.all(lanes.map((lane) => lane.close()));
  }

  #acquire(key: string): Promise<SessionLane> {
    const free = this.#free.find((lane) => lane.has(key)) ?? this.#free[0];
    if (free && (free.has(key) || this.#isFull())) {
      this.#free = this.#free.filter((lane) => lane !== free);
      return Promise.resolve(free);
    }
    if (!this.#isFull()) {
      const lane = new SessionLane();
      this.#lanes.push(lane);
      return Promise.resolve(lane);
    }
    return new Promise((take) => {
      this.#waiters.push({ key, take });
    });
  }

  #release(lane: SessionLane): void {
    if (lane.isBroken) {
      // its thread is gone; a new one takes its place
      this.#lanes = this.#lanes.filter((other) => other !== lane);
      const waiter = this.#waiters.shift();
      if (waiter) void this.#acquire(waiter.key).then(waiter.take);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter) waiter.take(lane);
    else if (this.#lanes.includes(lane)) this.#free.push(lane);
  }

  #isFull(): boolean {
    return this.#lanes.length >= this.#size;
  }
}
