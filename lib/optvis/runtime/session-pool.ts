import type { DriverHangError } from "./errors.ts";
import { keptBytesOf } from "./kept-bytes.ts";
import { SessionWorker } from "./session-worker.ts";

interface Waiter {
  readonly key: string;
  readonly take: (worker: SessionWorker) => void;
  readonly refuse: (reason: DriverHangError) => void;
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
  readonly #start: () => SessionWorker;
  /** A worker's driver hangs: another's would too, and with WebGPU end the process. */
  #hang: DriverHangError | null = null;

  /**
   * @param idleSeconds after so long without a run the threads end, and what they hold of memory
   *   goes back. @default never
   * @param start makes a worker, for tests. @default as many as the size share the memory
   */
  constructor(
    size: number,
    idleSeconds = Infinity,
    start = () => new SessionWorker({ keptBytes: keptBytesOf(size) }),
  ) {
    this.size = size;
    this.#idleSeconds = idleSeconds;
    this.#start = start;
  }

  /**
   * Lends a worker for `use`; among free ones, one that has `key` compiled. As long as one is free
   * no other is started: its thread would take longer to load than the graph to compile.
   *
   * @throws what `use` does; DriverHangError once a worker's driver hangs, to all that come after
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
    if (this.#hang) return Promise.reject(this.#hang);
    clearTimeout(this.#idleTimer);
    const free = this.#free.find((worker) => worker.has(key)) ?? this.#free[0];
    if (free) {
      this.#free = this.#free.filter((worker) => worker !== free);
      return Promise.resolve(free);
    }
    if (!this.#isFull()) {
      const worker = this.#start();
      this.#workers.push(worker);
      return Promise.resolve(worker);
    }
    return new Promise((take, refuse) => {
      this.#waiters.push({ key, take, refuse });
    });
  }

  #release(worker: SessionWorker): void {
    if (worker.isBroken) {
      // its thread is gone; a new one takes its place
      this.#workers = this.#workers.filter((other) => other !== worker);
      this.#hang ??= worker.hang;
      if (this.#hang) {
        for (const { refuse } of this.#waiters.splice(0)) refuse(this.#hang);
        return;
      }
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
