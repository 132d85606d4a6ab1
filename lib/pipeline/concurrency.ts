/** Requests to the store that one function keeps in flight: S3 answers in tens of milliseconds. */
const STORE_REQUESTS_IN_FLIGHT = 32;

/**
 * Applies `task` to all items, a bounded number at a time; results in the order of the items. After
 * an error no further item is begun.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
  limit = STORE_REQUESTS_IN_FLIGHT,
): Promise<R[]> {
  const results: R[] = [];
  const pending = entriesOf(items);
  const worker = async () => {
    for (const [i, item] of pending) results[i] = await task(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** A generator, unlike an array's own iterator, ends for all workers when one leaves its loop. */
function* entriesOf<T>(items: readonly T[]): Generator<[number, T]> {
  yield* items.entries();
}

/** Items as they come, so many together; the last group may be of fewer, or of none. */
export async function* inGroups<T>(
  items: AsyncIterable<T>,
  size: number,
): AsyncIterable<readonly T[]> {
  let group: T[] = [];
  for await (const item of items) {
    if (group.length === size) {
      yield group;
      group = [];
    }
    group.push(item);
  }
  yield group;
}
