import type { ObjectStore } from "../../storage/object-store.ts";
import { mapConcurrently } from "../concurrency.ts";
import { type ChannelResult, readResult } from "./result.ts";

/** Jobs whose results are remembered; a record has a few kilobytes. */
const JOBS_REMEMBERED = 8;

/**
 * Results of jobs, read from the store once: they never change, so an assembler that looks at a job
 * many times need not read them again.
 */
export class JobResults {
  readonly #store: ObjectStore;
  readonly #jobs = new Map<string, Map<number, ChannelResult>>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @param channels 1-based, of which the store has results */
  async read(
    jobId: string,
    channels: Iterable<number>,
  ): Promise<ReadonlyMap<number, ChannelResult>> {
    const known = this.#recall(jobId);
    const unknown = [...channels].filter((channel) => !known.has(channel));
    await mapConcurrently(unknown, async (channel) => {
      known.set(channel, await readResult(this.#store, jobId, channel));
    });
    return known;
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  #recall(jobId: string): Map<number, ChannelResult> {
    const known = this.#jobs.get(jobId) ?? new Map<number, ChannelResult>();
    // the job asked for last is forgotten last
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, known);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > JOBS_REMEMBERED && oldest !== undefined) this.#jobs.delete(oldest);
    return known;
  }
}
