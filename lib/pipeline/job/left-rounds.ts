import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { checkpointsPrefix, planKey, roundKeys } from "../keys.ts";
import type { JobPlan } from "./plan.ts";
import { retryOf } from "./round.ts";

/**
 * Lets a new job begin behind the rounds that are left of an older one of its id. A bucket deletes
 * old objects one by one, those of a job on different days. What outlives the plan would say that
 * the new job's channels were sent, that another message is about them, or that the job has ended.
 *
 * To be called before the plan is written: cut off, or done twice, it leaves another round that
 * nobody draws.
 *
 * @returns how many rounds it begins behind
 */
export async function passLeftRounds(store: ObjectStore, plan: JobPlan): Promise<number> {
  const { jobId, channels, createdAt } = plan;
  const { folder, retries } = roundKeys(jobId);
  const [first, checkpoints] = await Promise.all([
    namesUnder(store, folder),
    namesUnder(store, checkpointsPrefix(jobId)),
  ]);
  // what is there is not left of an older job: another call has made this one meanwhile
  if (first.some((name) => folder + name === planKey(jobId))) return 0;
  // the later ones' folder lies in the first one's
  const later = first.length === 0 ? [] : await namesUnder(store, retries);
  const rounds = [...later, ...checkpoints].map(Number.parseFloat).filter(Number.isInteger);
  const left = [...first.map(() => 0), ...rounds];
  const retry = encodeJson(retryOf(plan, channels, new Date(createdAt)));
  const behind = Math.max(-1, ...left) + 1;
  for (let round = 1; round <= behind; round++) {
    // overwrites: what is left will be gone tomorrow
    await store.put(roundKeys(jobId, round).retry, retry, JSON_TYPE);
  }
  return behind;
}

async function namesUnder(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of store.listNames(prefix)) names.push(name);
  return names;
}
