import { mapConcurrently } from "../concurrency.ts";
import { parseRanges } from "../request/channel-ranges.ts";
import type { ChannelResult } from "./result.ts";
import { countResults, type JobCounts, type JobProgress } from "./tally.ts";

/** Results that are read without asking first whether the assembler's snapshot has them. */
const FEW_RESULTS = 8;

/** The job, as far as its results go. */
interface ResultsSource {
  findProgress(): Promise<JobProgress | null>;
  result(channel: number): Promise<ChannelResult>;
}

/** Counts, and the channels (1-based) whose results they are of. */
interface Counted {
  readonly counts: JobCounts | null;
  readonly channels: ReadonlySet<number>;
}

/**
 * Counts of a round's results while it goes on. A result is read once, however often is counted;
 * many that are new are taken from the assembler's snapshot.
 */
export class ResultsSoFar {
  /** Replaced as a whole: of two counts at a time the later one stays, and is right. */
  #last: Counted = { counts: null, channels: new Set() };

  /**
   * @param ended the channels (1-based) that have a result
   * @returns their counts; of others too that have ended since, if another count knows of them
   */
  async count(job: ResultsSource, total: number, ended: ReadonlySet<number>): Promise<JobCounts> {
    let before = this.#last;
    if (freshOf(ended, before).length > FEW_RESULTS) {
      const snapshot = countedIn(await job.findProgress());
      if (freshOf(ended, snapshot).length < freshOf(ended, before).length) before = snapshot;
    }
    const fresh = freshOf(ended, before);
    const results = await mapConcurrently(fresh, (channel) => job.result(channel));
    const counts = countResults(total, results, before.counts);
    this.#last = { counts, channels: new Set([...before.channels, ...fresh]) };
    return counts;
  }
}

/** Those that have not been counted. */
function freshOf(ended: ReadonlySet<number>, { channels }: Counted): readonly number[] {
  return [...ended].filter((channel) => !channels.has(channel));
}

function countedIn(progress: JobProgress | null): Counted {
  return { counts: progress, channels: new Set(parseRanges(progress?.counted ?? "")) };
}
