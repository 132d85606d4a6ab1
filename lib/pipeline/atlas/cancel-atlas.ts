import type { ObjectStore } from "../../storage/object-store.ts";
import { mapConcurrently } from "../concurrency.ts";
import { cancelJob } from "../job/cancel-job.ts";
import type { JobDeps } from "../job/dispatch-job.ts";
import type { Jobs } from "../job/jobs.ts";
import { nothingIfDamaged } from "../json.ts";
import { atlasNameOf } from "../keys.ts";
import { type Atlas, findAtlas, writeAtlas } from "./atlas.ts";

interface CancelDeps extends Pick<JobDeps, "assembly" | "now"> {
  readonly store: ObjectStore;
  readonly jobs: Jobs;
}

/**
 * Tells all jobs of an atlas to stop, those too that its requests have not become yet. Begun again,
 * it goes on with the same jobs.
 */
export async function cancelAtlas(atlas: Atlas, deps: CancelDeps): Promise<void> {
  // first: the intake makes the job and then looks here, so one of the two sees the other
  await writeAtlas(deps.store, { ...atlas, cancelledAt: deps.now().toISOString() });
  await mapConcurrently(atlas.layers, ({ jobId }) => cancelLatest(jobId, deps));
}

/**
 * Stops a job that the intake has just made of an atlas's request, where the atlas has been told to
 * stop meanwhile.
 *
 * @param key of the request; of any other one nothing is done
 */
export async function cancelWithAtlas(key: string, jobId: string, deps: CancelDeps): Promise<void> {
  const name = atlasNameOf(key);
  if (name === null) return;
  const atlas = await findAtlas(deps.store, name).catch(nothingIfDamaged);
  if (atlas?.cancelledAt !== undefined) await cancelLatest(jobId, deps);
}

async function cancelLatest(jobId: string, deps: CancelDeps): Promise<void> {
  await cancelJob(await deps.jobs.open(jobId).latest(), deps);
}
