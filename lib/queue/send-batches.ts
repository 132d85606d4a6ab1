import { setTimeout as sleep } from "node:timers/promises";

/** SQS's limit of entries in one batch call. */
export const BATCH_SIZE = 10;
/** One connection's round trips would make 7,000 messages take a minute. */
const BATCHES_IN_FLIGHT = 8;
const ATTEMPTS = 6; // pauses of 1.5 to 4.7 s in all: longer trouble is for the caller's retry
const FIRST_PAUSE_MS = 100; // a few round trips

/** An entry that the queue did not take. */
export interface FailedEntry<T> {
  readonly item: T;
  readonly reason: string;
  /** The entry itself is wrong: sending it again would fail again. */
  readonly isSendersFault: boolean;
}

/** One batch call of up to `BATCH_SIZE` items; resolves to those that failed. */
export type SendBatch<T> = (batch: readonly T[]) => Promise<readonly FailedEntry<T>[]>;

/**
 * Sends all items in batches, eight batches at a time, and the failed entries of a batch again with
 * growing pauses. Items are taken as they are needed.
 *
 * @throws Error if an entry is refused, or still fails after the last attempt; the others of its
 *   batch have been sent
 */
export async function sendBatches<T>(items: Iterable<T>, sendBatch: SendBatch<T>): Promise<void> {
  const batches = chunks(items);
  const sender = async () => {
    for (const batch of batches) await sendWithRetry(batch, sendBatch);
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, sender));
}

async function sendWithRetry<T>(batch: readonly T[], sendBatch: SendBatch<T>): Promise<void> {
  // such as a message that is not in flight any more: the others' heartbeat must not miss a beat
  const refused: FailedEntry<T>[] = [];
  let pending = batch;
  for (let attempt = 1; ; attempt++) {
    const failed = await sendBatch(pending);
    refused.push(...failed.filter(({ isSendersFault }) => isSendersFault));
    const again = failed.filter(({ isSendersFault }) => !isSendersFault);
    if (again.length === 0 || attempt === ATTEMPTS) {
      const [first] = [...refused, ...again];
      if (first === undefined) return;
      throw new Error(
        `${refused.length + again.length} of ${batch.length} entries of a batch failed after ${attempt} attempts: ${first.reason}`,
      );
    }
    pending = again.map(({ item }) => item);
    await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
  }
}

/** Shared by all senders: a generator hands each chunk out once. */
function* chunks<T>(items: Iterable<T>): Generator<readonly T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < BATCH_SIZE) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
