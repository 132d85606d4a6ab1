import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { Acceptance } from "../lib/pipeline/job/accept-request.ts";
import { encodeJson, JSON_TYPE } from "../lib/pipeline/json.ts";
import { REQUEST_PREFIX } from "../lib/pipeline/keys.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import type { RenderRequest } from "../lib/pipeline/request/request.ts";
import type { Completion } from "../lib/pipeline/job/tally.ts";
import type { LocalPipeline } from "./pipeline.ts";
import type { JobEvent } from "./run-events.ts";

export interface FollowOptions {
  readonly tell?: (event: JobEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Looks whether a job has ended even if no event says so: another process may have ended it. */
const LOOK_EVERY_MS = 1_000;

/**
 * Puts a request into the drop zone and waits for its answer.
 *
 * @throws what the intake failed with on every delivery; the signal's reason once it is aborted
 */
export function submitRequest(
  pipeline: LocalPipeline,
  request: RenderRequest,
  signal?: AbortSignal,
): Promise<Acceptance> {
  const key = `${REQUEST_PREFIX}${randomUUID()}.json`;
  return new Promise((resolve, reject) => {
    const unlisten = pipeline.listen((event) => {
      // the key is a random name, so a message that has it is about this request
      if (event.kind === "given-up" && event.body.includes(key)) giveUp(event.error);
      if (event.kind !== "answered" || event.key !== key) return;
      stopListening();
      resolve(event.acceptance);
    });
    const giveUp = (reason: unknown) => {
      stopListening();
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    const onAbort = () => giveUp(signal?.reason);
    const stopListening = () => {
      unlisten();
      // a run of many requests has one signal, to which each would go on listening
      signal?.removeEventListener("abort", onAbort);
    };
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener("abort", onAbort);
    pipeline.store.put(key, encodeJson(request), JSON_TYPE).catch(giveUp);
  });
}

/** Waits for the end of a job, telling what happens on the way. */
export async function followJob(
  pipeline: LocalPipeline,
  { jobId, total }: Pick<JobPlan, "jobId" | "total">,
  { tell, signal }: FollowOptions = {},
): Promise<Completion> {
  const first = pipeline.acceptDeps.jobs.open(jobId);
  const ended = new Set<number>();
  let pause = new AbortController();
  const unlisten = pipeline.listen((event) => {
    if (event.kind === "step" && event.jobId === jobId)
      tell?.({ kind: "step", progress: event.progress });
    if (event.kind === "completed" && event.completion.jobId === jobId) pause.abort();
    if (event.kind !== "result" || event.result.jobId !== jobId) return;
    const { result } = event;
    ended.add(result.channel);
    tell?.({ kind: "channel", result, done: ended.size, total });
  });
  try {
    let { job, names } = await first.look();
    for (const channel of await job.ended(names)) ended.add(channel);
    for (;;) {
      signal?.throwIfAborted();
      const completion = names?.hasCompletion === false ? null : await job.findCompletion();
      if (completion !== null) return completion;
      const wakers = [pause.signal, ...(signal === undefined ? [] : [signal])];
      await sleep(LOOK_EVERY_MS, null, { signal: AbortSignal.any(wakers) }).catch(() => null);
      // before the look: an end that it does not see ends the next pause
      pause = new AbortController();
      ({ job, names } = await first.look());
    }
  } finally {
    unlisten();
  }
}
