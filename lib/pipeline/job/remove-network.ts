import type { NetworkSource } from "../networks/bucket-networks.ts";
import { DESCRIPTION_FILE } from "../../networks/description.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { inGroups, mapConcurrently } from "../concurrency.ts";
import { DamagedObjectError } from "../json.ts";
import { MODEL_PREFIX, modelKey } from "../keys.ts";
import type { Job } from "./job.ts";
import type { Jobs } from "./jobs.ts";

export interface RemovalDeps {
  readonly jobs: Jobs;
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "forget">;
}

/** `busy`: jobs that still draw with it, by their ids. */
export type Removal =
  | { readonly outcome: "removed" | "unknown" }
  | { readonly outcome: "busy"; readonly jobs: readonly string[] };

/** Jobs that are looked at at once. */
const LOOKED_AT_TOGETHER = 50;

/**
 * Removes a network from the bucket, unless a job still draws with it. Jobs that have ended keep
 * what they have drawn; what they have not cannot be drawn again. Broken off, it is done again.
 *
 * A job that is accepted at the very same time fails, and says which file is missing.
 */
export async function removeNetwork(id: string, deps: RemovalDeps): Promise<Removal> {
  const { jobs, store, networks } = deps;
  const keys: string[] = [];
  // those too that a removal which was broken off has left
  for await (const { key } of store.list(`${MODEL_PREFIX}${id}/`)) keys.push(key);
  if (keys.length === 0) return { outcome: "unknown" };
  const busy: string[] = [];
  for await (const some of inGroups(jobs.list(), LOOKED_AT_TOGETHER)) {
    const isBusy = await mapConcurrently(some, (job) => drawsWith(job, id));
    busy.push(...some.filter((_, i) => isBusy[i]).map((job) => job.id));
  }
  if (busy.length > 0) return { outcome: "busy", jobs: busy };
  // first of all nobody may ask for it any more
  await store.delete(modelKey(id, DESCRIPTION_FILE));
  for (const key of keys) await store.delete(key);
  await networks.forget(id);
  return { outcome: "removed" };
}

async function drawsWith(job: Job, networkId: string): Promise<boolean> {
  try {
    if ((await job.findPlan())?.network.id !== networkId) return false;
    return !(await (await job.latest()).isComplete());
  } catch (error) {
    // no worker can go on with it either
    if (error instanceof DamagedObjectError) return false;
    throw error;
  }
}
