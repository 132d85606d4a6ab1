import type { ObjectStore } from "../../storage/object-store.ts";
import type { RoundKeys } from "../keys.ts";

export type RoundNames = Awaited<ReturnType<typeof roundNames>>;

/** What there is of a round of a job, by one listing of its folder, without a read. */
export async function roundNames(store: ObjectStore, keys: RoundKeys) {
  // full keys; of folders, up to and with their slash
  const found = new Set<string>();
  for await (const name of store.listNames(keys.folder)) found.add(keys.folder + name);
  return {
    /** Of the first round: whether there are others. */
    hasRetries: found.has(keys.retries),
    /** Whether the job has ended. */
    hasCompletion: found.has(keys.complete),
    /** Whether it has been told to stop. */
    isCancelled: found.has(keys.cancel),
    /** Whether an image of it has been begun. */
    isBegun: found.has(keys.attempts),
    hasResults: found.has(keys.results),
  };
}
