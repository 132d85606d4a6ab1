import type { ObjectStore } from "../../storage/object-store.ts";
import type { RoundKeys } from "../keys.ts";

/**
 * What there is of a round of a job, by one listing of its folder: a question each, and no read.
 */
export class RoundNames {
  readonly #keys: RoundKeys;
  /** Full keys; of folders, up to and with their slash. */
  readonly #found: ReadonlySet<string>;

  private constructor(keys: RoundKeys, found: ReadonlySet<string>) {
    this.#keys = keys;
    this.#found = found;
  }

  static async list(store: ObjectStore, keys: RoundKeys): Promise<RoundNames> {
    const { folder } = keys;
    const found = new Set<string>();
    for await (const name of store.listNames(folder)) found.add(folder + name);
    return new RoundNames(keys, found);
  }

  /** Asked of the first round: whether there are others. */
  get hasRetries(): boolean {
    return this.#found.has(this.#keys.retries);
  }

  /** Whether the job has ended. */
  get hasCompletion(): boolean {
    return this.#found.has(this.#keys.complete);
  }

  /** Whether it has been told to stop. */
  get isCancelled(): boolean {
    return this.#found.has(this.#keys.cancel);
  }

  /** Whether an image of it has been begun. */
  get isBegun(): boolean {
    return this.#found.has(this.#keys.attempts);
  }

  get hasResults(): boolean {
    return this.#found.has(this.#keys.results);
  }
}
