import { setTimeout as sleep } from "node:timers/promises";

/**
 * Only against hangs: longer than any step takes on the busiest machine, and shorter than a test's
 * time-out, so that a hang is explained.
 */
const PATIENCE_MS = 600_000;
const LOOK_EVERY_MS = 20;

/** Waits until `look` finds something. @throws Error of `explain` if it never does */
export async function until<T>(
  look: () => Promise<T | undefined> | T | undefined,
  explain: () => string,
): Promise<T> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(explain());
}

/** The same for a condition. */
export async function untilTrue(
  isSo: () => Promise<boolean> | boolean,
  explain: () => string,
): Promise<void> {
  await until(async () => ((await isSo()) ? true : undefined), explain);
}

/** How often `act` can be done, one after the other, until `work` ends. */
export async function countDuring(
  work: Promise<unknown>,
  act: () => Promise<unknown>,
): Promise<number> {
  const ended = new AbortController();
  const end = () => ended.abort();
  work.then(end, end);
  let count = 0;
  for (; !ended.signal.aborted; count++) await act();
  return count;
}
