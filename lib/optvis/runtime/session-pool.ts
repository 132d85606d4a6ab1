import { keptBytesOf } from "./kept-bytes.ts";
import { SessionWorker } from "./session-worker.ts";

interface Waiter {
  readonly key: string;
  readonly take: (worker: SessionWorker) => void;
}

/**
 * The engine's workers, lent to one batch at a time, so that two tasks at once share the cores and
 * neither loses its session to the other in the middle of a run. First come, first served.
 */
export class SessionPool {
  /** Workers at most; they start when first wanted. */
  readonly size: number;
  #workers: SessionWorker[] = [];
  #free: SessionWorker[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #idleSeconds: number;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * @param idleSeconds after so long without a run the threads end, and what they hold of memory
   *   goes back. @default never
   */
  constructor(size: number, idleSeconds = Infinity) {
    this.size = size;
    this.#idleSeconds = idleSeconds;
  }

  /**
   * Lends a worker for `use`; among free ones, one that has `key` compiled. As long as one is free
   * no other is started: its thread would take longer to load than the graph to compile.
   */
  async withWorker<T>(key: string, use: (worker: SessionWorker) => Promise<T>): Promise<T> {
    const worker = await this.#acquire(key);
    try {
      return await use(worker);
    } finally {
      this.#release(worker);
    }
  }

  /** Ends the threads; new ones start if the pool is used again. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const workers = this.#workers;
    this.#workers = [];
    this.#free = [];
    await Promise.all(workers.map((worker) => worker.close()));
  }

  #acquire(key: string): Promise<SessionWorker> {
    clearTimeout(this.#idleTimer);
    const free = this.#free.find((worker) => worker.has(key)) ?? this.#free[0];
    if (free) {
      this.#free = this.#free.filter((worker) => worker !== free);
      return Promise.resolve(free);
    }
    if (!this.#isFull()) {
      const worker = new SessionWorker(keptBytesOf(this.size));
      this.#workers.push(worker);
      return Promise.resolve(worker);
    }
    return new Promise((take) => {
      this.#waiters.push({ key, take });
    });
  }

  #release(worker: SessionWorker): void {
    if (worker.isBroken) {
      // its thread is gone; a new one takes its place
      this.#workers = this.#workers.filter((other) => other !== worker);
      const waiter = this.#waiters.shift();
      if (waiter) void this.#acquire(waiter.key).then(waiter.take);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter) waiter.take(worker);
    else if (this.#workers.includes(worker)) this.#free.push(worker);
    const isIdle = this.#free.length > 0 && this.#free.length === this.#workers.length;
    if (isIdle && this.#idleSeconds < Infinity) {
      const end = () => void this.close();
      clearTimeout(this.#idleTimer);
      this.#idleTimer = setTimeout(end, 1000 * this.#idleSeconds).unref();
    }
  }

  #isFull(): boolean {
    return this.#workers.length >= this.size;
  }
}
