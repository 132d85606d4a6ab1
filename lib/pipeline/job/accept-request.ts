import type { Provider } from "../../autodiff/provider.ts";
import { gpuRefusal, type GpuVerdict } from "../../optvis/runtime/gpu-verdict.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { AUTO_CPU_CHANNELS } from "../limits.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { checkRequest } from "../request/check-request.ts";
import { readUpload } from "../request/initial-image.ts";
import { parseRequest, RequestError } from "../request/request.ts";
import { requestedNetwork } from "../request/requested-network.ts";
import type { ResolvedRequest } from "../request/resolved-request.ts";
import { dispatchJob, dispatchNewJob, type JobDeps } from "./dispatch-job.ts";
import { chooseJobId, requestHash } from "./job-id.ts";
import type { Jobs } from "./jobs.ts";
import { passLeftRounds } from "./left-rounds.ts";
import { reconcileMessage } from "./messages.ts";
import { goOnDrawing, retryJob } from "./retry-job.ts";
import { type JobPlan, planJob } from "./plan.ts";

export interface AcceptDeps extends JobDeps {
  readonly jobs: Jobs;
  /** Requests, responses and initial images. */
  readonly store: ObjectStore;
  readonly networks: NetworkSource;
  /** Memory of a process that draws on the CPU. @default it is not known */
  readonly workerBytes?: number | undefined;
  /** Of the machine, where its workers draw where each request says. @default there is no choice */
  readonly localGpu?: (() => Promise<GpuVerdict>) | undefined;
}

export interface AcceptOptions {
  /** Becomes the job's id. @default it follows from the request */
  readonly idempotencyKey?: string | null;
  /**
   * It was accepted before, and only its message has come again: nothing that has ended, or was told
   * to, is begun again. @default false
   */
  readonly isRepeat?: boolean;
}

export type Acceptance =
  | { readonly status: "accepted"; readonly jobId: string; readonly plan: JobPlan }
  | { readonly status: "rejected"; readonly problems: readonly string[] };

/** The idempotency key names a job of another request. */
export class IdempotencyConflictError extends Error {
  override readonly name = "IdempotencyConflictError";

  constructor(jobId: string) {
    super(
      `idempotency key '${jobId}' was used for another request; use a new key, or send the same request`,
    );
  }
}

/**
 * Checks a request against its network and makes it a job, or says everything that is wrong with
 * it. The same request is the same job, however often it comes; a call cut short is completed by
 * the next, and one that comes after the job's end, or after it was told to stop, draws what it has
 * no image of.
 *
 * Order of the writes: the reconcile message, the plan, the request and the channel messages. So a
 * job that exists (has a plan) is always looked at again, and its wait has an end.
 *
 * @param json the document, parsed as JSON and nothing more
 * @throws IdempotencyConflictError, and whatever store and queues throw
 */
export async function acceptRequest(
  json: unknown,
  deps: AcceptDeps,
  { isRepeat = false, ...key }: AcceptOptions = {},
): Promise<Acceptance> {
  return answered(async () => {
    const plan = await planOf(json, deps, key);
    return acceptPlanned(plan, deps, isRepeat);
  });
}

/** What `acceptRequest` would answer; nothing is written, and no job begins. @throws as that does */
export async function tryRequest(
  json: unknown,
  deps: AcceptDeps,
  key: Pick<AcceptOptions, "idempotencyKey"> = {},
): Promise<Acceptance> {
  return answered(async () => {
    const plan = await planOf(json, deps, key);
    const known = await deps.jobs.open(plan.jobId).findPlan();
    return known === null ? plan : samePlan(known, plan);
  });
}

async function answered(accepting: () => Promise<JobPlan>): Promise<Acceptance> {
  try {
    const plan = await accepting();
    return { status: "accepted", jobId: plan.jobId, plan };
  } catch (error) {
    if (error instanceof RequestError) return { status: "rejected", problems: error.problems };
    throw error;
  }
}

/**
 * Where a job runs. `auto`: small jobs on the CPU, which starts in seconds; large ones on the GPU
 * where there is one.
 *
 * @throws RequestError for the GPU where none is of use
 */
async function providerFor(
  { request, channels }: ResolvedRequest,
  { queues, localGpu }: AcceptDeps,
): Promise<Provider> {
  const { executionEnvironment: environment } = request;
  if (localGpu) {
    if (environment !== "gpu") return "cpu";
    const verdict = await localGpu();
    if (verdict.isFit) return verdict.provider;
    throw new RequestError([gpuRefusal(verdict.reason)]);
  }
  if (environment === "gpu" && queues.cuda === null) {
    throw new RequestError([
      `executionEnvironment: given "gpu", but no GPU workers are deployed here; use "auto" or "cpu", or deploy them`,
    ]);
  }
  const isLarge = channels.length > AUTO_CPU_CHANNELS;
  const isForGpu = environment === "gpu" || (environment === "auto" && isLarge);
  return isForGpu && queues.cuda !== null ? "cuda" : "cpu";
}

/** The plan that a new job would have. @throws RequestError */
async function planOf(
  json: unknown,
  deps: AcceptDeps,
  { idempotencyKey = null }: Pick<AcceptOptions, "idempotencyKey">,
): Promise<JobPlan> {
  const request = parseRequest(json);
  const { network: id } = request;
  const network = await requestedNetwork(id, deps.networks.open(id));
  const { resolved } = await checkRequest(request, network, {
    read: (key, where) => readUpload(deps.store, key, where),
    memoryBytes: deps.workerBytes ?? Infinity,
  });
  const hash = requestHash(resolved);
  return planJob(resolved, {
    jobId: chooseJobId(hash, idempotencyKey),
    requestHash: hash,
    provider: await providerFor(resolved, deps),
    createdAt: deps.now(),
  });
}

async function acceptPlanned(
  planned: JobPlan,
  deps: AcceptDeps,
  isRepeat: boolean,
): Promise<JobPlan> {
  const { jobId } = planned;
  let job = deps.jobs.open(jobId);
  if (!(await job.exists())) {
    deps.jobs.forget(jobId);
    job = deps.jobs.open(jobId);
    await deps.assembly.sendAll([reconcileMessage(jobId, "later")]);
    const left = await passLeftRounds(deps.store, planned);
    if ((await job.create(planned)) === "created") {
      await dispatchNewJob(left === 0 ? job : await job.latest(), deps);
      return planned;
    }
  }
  const plan = samePlan(await job.plan(), planned);
  const latest = await job.latest();
  const completion = await latest.findCompletion();
  const isCancelled = completion === null && (await latest.isCancelled());
  if (completion === null && !isCancelled) await dispatchJob(latest, deps);
  else if (isRepeat || completion?.state === "completed") return plan;
  else if (isCancelled) await goOnDrawing(latest, deps);
  else await retryJob(latest, deps);
  return plan;
}

/** The plan of the job that there is. @throws IdempotencyConflictError if it is another request's */
function samePlan(known: JobPlan, planned: JobPlan): JobPlan {
  if (known.requestHash === planned.requestHash) return known;
  throw new IdempotencyConflictError(known.jobId);
}
