import { mapConcurrently } from "../concurrency.ts";
import { formatRanges, parseRanges } from "../request/channel-ranges.ts";
import type { ChannelResult } from "./result.ts";
import { countResults, type JobCounts, type JobProgress } from "./tally.ts";

/** Results that are read without asking first whether the assembler's snapshot has them. */
const FEW_RESULTS = 8;

/** The job, as far as its results go. */
interface ResultsSource {
  findProgress(): Promise<JobProgress | null>;
  result(channel: number): Promise<ChannelResult>;
}

type Counted = Pick<JobProgress, "counted"> & JobCounts;

/**
 * Counts of a round's results while it goes on. A result is read once, however often is counted;
 * many that are new are taken from the assembler's snapshot.
 */
export class ResultsSoFar {
  /** Replaced as a whole: of two counts at a time the later one stays, and is right. */
  #last: Counted | null = null;

  /** @param ended the channels (1-based) that have a result */
  async count(job: ResultsSource, total: number, ended: ReadonlySet<number>): Promise<JobCounts> {
    let { last, fresh } = this.#since(this.#last, ended);
    if (fresh.length > FEW_RESULTS) {
      const snapshot = await job.findProgress();
      const since = this.#since(snapshot, ended);
      if (since.fresh.length < fresh.length) ({ last, fresh } = since);
    }
    const results = await mapConcurrently(fresh, (channel) => job.result(channel));
    const counts = countResults(total, results, last);
    this.#last = { ...counts, counted: formatRanges(ended) };
    return counts;
  }

  #since(last: Counted | null, ended: ReadonlySet<number>) {
    const counted = new Set(parseRanges(last?.counted ?? ""));
    return { last, fresh: [...ended].filter((channel) => !counted.has(channel)) };
  }
}
