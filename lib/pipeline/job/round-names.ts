import type { ObjectStore } from "../../storage/object-store.ts";
import * as keys from "../keys.ts";

/**
 * What there is of a round of a job, by one listing of its folder: a question each, and no read.
 */
export class RoundNames {
  readonly #jobId: string;
  readonly #round: number;
  /** Full keys; of folders, up to and with their slash. */
  readonly #keys: ReadonlySet<string>;

  private constructor(jobId: string, round: number, found: ReadonlySet<string>) {
    this.#jobId = jobId;
    this.#round = round;
    this.#keys = found;
  }

  static async list(store: ObjectStore, jobId: string, round: number): Promise<RoundNames> {
    const prefix = keys.roundPrefix(jobId, round);
    const found = new Set<string>();
    for await (const name of store.listNames(prefix)) found.add(prefix + name);
    return new RoundNames(jobId, round, found);
  }

  /** Asked of the first round: whether there are others. */
  get hasRetries(): boolean {
    return this.#keys.has(keys.retriesPrefix(this.#jobId));
  }

  /** Whether the job has ended. */
  get hasCompletion(): boolean {
    return this.#keys.has(keys.completeKey(this.#jobId, this.#round));
  }

  /** Whether it has been told to stop. */
  get isCancelled(): boolean {
    return this.#keys.has(keys.cancelKey(this.#jobId, this.#round));
  }

  /** Whether an image of it has been begun. */
  get isBegun(): boolean {
    return this.#keys.has(keys.attemptsPrefix(this.#jobId, this.#round));
  }

  get hasResults(): boolean {
    return this.#keys.has(keys.resultPrefix(this.#jobId, this.#round));
  }
}
