import type { ObjectStore } from "../../storage/object-store.ts";
import { JOB_PREFIX, jobIdOf } from "../keys.ts";
import { Job } from "./job.ts";

/** Jobs whose plan and results stay in memory: a result has kilobytes, and a job up to 10,000. */
const JOBS_REMEMBERED = 8;
/** Jobs met on walks, whose plans and ends stay in memory: as many as one search reads. */
const JOBS_MET = 500;

/** The jobs of a bucket. */
export class Jobs {
  readonly #store: ObjectStore;
  /** By id; the one opened last is last. */
  readonly #recent = new Map<string, Job>();
  /** Apart from the recent ones, which a walk over all jobs would push out. */
  readonly #met = new Map<string, Job>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Reads nothing: there need not be such a job. */
  open(id: string): Job {
    const job = this.#known(id);
    remember(this.#recent, job, JOBS_REMEMBERED);
    return job;
  }

  /** Of a job that is gone: what is remembered of it is not true of the next of that id. */
  forget(id: string): void {
    this.#recent.delete(id);
    this.#met.delete(id);
  }

  /**
   * All jobs, in the order of their ids. What cannot be a job's folder, which a person may have
   * put there, is left out; one without a plan may be among them.
   *
   * @param after only those behind this id
   */
  async *list(after: string | null = null): AsyncIterable<Job> {
    const start = after === null ? undefined : `${after}/`;
    for await (const name of this.#store.listNames(JOB_PREFIX, start)) {
      const id = jobIdOf(JOB_PREFIX + name);
      if (id === null) continue;
      const job = this.#known(id);
      remember(this.#met, job, JOBS_MET);
      yield job;
    }
  }

  #known(id: string): Job {
    return this.#recent.get(id) ?? this.#met.get(id) ?? new Job(this.#store, id);
  }
}

/** Adds a job as the last; the first is forgotten when there are more than `most`. */
function remember(jobs: Map<string, Job>, job: Job, most: number): void {
  jobs.delete(job.id);
  jobs.set(job.id, job);
  const [oldest] = jobs.keys();
  if (jobs.size > most && oldest !== undefined) jobs.delete(oldest);
}
