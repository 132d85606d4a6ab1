import type { ObjectStore } from "../../storage/object-store.ts";
import { JOB_PREFIX, jobIdOf } from "../keys.ts";
import { Job } from "./job.ts";

/** Jobs whose plan and results stay in memory: a result has kilobytes, and a job up to 10,000. */
const JOBS_REMEMBERED = 8;

/** The jobs of a bucket. */
export class Jobs {
  readonly #store: ObjectStore;
  /** By id; the one opened last is last. */
  readonly #recent = new Map<string, Job>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Reads nothing: there need not be such a job. */
  open(id: string): Job {
    const job = this.#recent.get(id) ?? new Job(this.#store, id);
    this.#recent.delete(id);
    this.#recent.set(id, job);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > JOBS_REMEMBERED && oldest !== undefined) this.#recent.delete(oldest);
    return job;
  }

  /**
   * All jobs, in the order of their ids. Folders that cannot be a job's, which a person may have
   * put there, are left out; one without a plan may be among them.
   *
   * @param after only those behind this id
   */
  async *list(after: string | null = null): AsyncIterable<Job> {
    const start = after === null ? undefined : `${after}/`;
    for await (const folder of this.#store.listFolders(JOB_PREFIX, start)) {
      const id = jobIdOf(JOB_PREFIX + folder);
      // not added to the recent ones: a walk over all jobs would push them out
      if (id !== null) yield this.#recent.get(id) ?? new Job(this.#store, id);
    }
  }
}
