import type { ObjectStore } from "../../storage/object-store.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { isCancelled, watchCancellation } from "../job/cancellation.ts";
import { mapConcurrently } from "../concurrency.ts";
import { loadInitialImage } from "../request/initial-image.ts";
import { MAX_RECEIVES } from "../limits.ts";
import type { JobPlan } from "../job/plan.ts";
import type { Provider } from "../../autodiff/provider.ts";
import type { RenderedChannel, Renderer, RenderProgress, RenderTask } from "./renderer.ts";
import { type ChannelResult, resultBase, writeResult } from "../job/result.ts";
import { writeImage } from "./write-image.ts";

export interface DrawDeps {
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "openPinned">;
  readonly renderer: Renderer;
  readonly provider: Provider;
  readonly now: () => Date;
}

export interface DrawHooks {
  /** Stops the drawing: what has not ended is delivered again. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (jobId: string, progress: RenderProgress) => void;
  /** As each channel ends, its result written. */
  readonly onResult?: (result: ChannelResult) => void;
}

/** A channel to be drawn. */
export interface Drawing {
  /** 1-based. */
  readonly channel: number;
  /** Deliveries of its message, this one included. */
  readonly attempts: number;
}

/**
 * Draws channels of one job, and writes tile and result of each as it ends.
 *
 * A channel that was tried before is drawn alone and last, so that one that brings the process down
 * takes no other with it; and if a group fails, its channels are drawn one by one, so that only the
 * guilty one fails. On its last delivery a channel's error becomes its failed result.
 *
 * @returns what went wrong with each channel that is to be delivered again
 */
export async function drawChannels(
  plan: JobPlan,
  drawings: readonly Drawing[],
  deps: DrawDeps,
  hooks: DrawHooks = {},
): Promise<ReadonlyMap<number, unknown>> {
  if (drawings.length === 0) return new Map();
  if (await isCancelled(deps.store, plan.jobId)) {
    await endAll(drawings, (drawing) => cancelledResult(plan, drawing, deps), deps, hooks);
    return new Map();
  }
  using watch = watchCancellation(deps.store, plan.jobId);
  const signals = [watch.signal, ...(hooks.signal === undefined ? [] : [hooks.signal])];
  const attempt = new Attempt(plan, deps, { ...hooks, signal: AbortSignal.any(signals) });
  await attempt.drawAll(drawings);

  const unfinished = drawings.filter(({ channel }) => !attempt.ended.has(channel));
  if (watch.isCancelled()) {
    await endAll(unfinished, (drawing) => cancelledResult(plan, drawing, deps), deps, hooks);
    return new Map();
  }
  const isStopped = attempt.signal.aborted;
  const isLast = ({ attempts }: Drawing) => attempts >= MAX_RECEIVES && !isStopped;
  const errorOf = ({ channel }: Drawing) => attempt.errors.get(channel) ?? attempt.signal.reason;
  await endAll(
    unfinished.filter(isLast),
    (drawing) => failedResult(plan, drawing, deps, errorOf(drawing)),
    deps,
    hooks,
  );
  const again = unfinished.filter((drawing) => !isLast(drawing));
  return new Map(again.map((drawing) => [drawing.channel, errorOf(drawing)]));
}

/** What one call draws of a job: which channels have ended, and what stopped the others. */
class Attempt {
  readonly ended = new Set<number>();
  readonly errors = new Map<number, unknown>();
  readonly signal: AbortSignal;
  readonly #plan: JobPlan;
  readonly #deps: DrawDeps;
  readonly #hooks: DrawHooks;

  constructor(plan: JobPlan, deps: DrawDeps, hooks: DrawHooks & { readonly signal: AbortSignal }) {
    this.signal = hooks.signal;
    this.#plan = plan;
    this.#deps = deps;
    this.#hooks = hooks;
  }

  async drawAll(drawings: readonly Drawing[]): Promise<void> {
    const task = await this.#prepare(drawings);
    if (task === null) return;
    const fresh = drawings.filter(({ attempts }) => attempts === 1);
    await this.#drawTogether(task, fresh);
    const retried = drawings
      .filter(({ attempts }) => attempts > 1)
      .toSorted((a, b) => a.attempts - b.attempts);
    const failedTogether = fresh.length > 1 ? fresh : [];
    for (const drawing of [...failedTogether, ...retried]) {
      if (!this.ended.has(drawing.channel)) await this.#drawTogether(task, [drawing]);
    }
  }

  /** `null` if network or initial image cannot be had: no channel can be drawn then. */
  async #prepare(drawings: readonly Drawing[]): Promise<Omit<RenderTask, "channels"> | null> {
    try {
      return await prepareTask(this.#plan, this.#deps);
    } catch (error) {
      for (const { channel } of drawings) this.errors.set(channel, error);
      return null;
    }
  }

  async #drawTogether(
    task: Omit<RenderTask, "channels">,
    drawings: readonly Drawing[],
  ): Promise<void> {
    const { signal } = this;
    if (drawings.length === 0 || signal.aborted) return;
    const attemptsOf = new Map(drawings.map(({ channel, attempts }) => [channel, attempts]));
    const onChannel = async (rendered: RenderedChannel) => {
      if (this.ended.has(rendered.channel)) return;
      await this.#write(rendered, attemptsOf.get(rendered.channel) ?? 1);
    };
    try {
      const channels = drawings.map(({ channel }) => channel);
      const results = await this.#deps.renderer.render(
        { ...task, channels },
        {
          signal,
          onChannel,
          onProgress: (progress) => this.#hooks.onProgress?.(this.#plan.jobId, progress),
        },
      );
      for (const rendered of results) await onChannel(rendered);
    } catch (error) {
      for (const { channel } of drawings) this.errors.set(channel, error);
    }
  }

  async #write(rendered: RenderedChannel, attempts: number): Promise<void> {
    const { store, now } = this.#deps;
    const drawing = { channel: rendered.channel, attempts };
    const result =
      rendered.kind === "image"
        ? await writeImage(store, this.#plan, rendered, { attempts, now: now() })
        : failedResult(this.#plan, drawing, this.#deps, new Error(rendered.reason));
    if (rendered.kind === "failed") await writeResult(store, result);
    this.ended.add(rendered.channel);
    this.#hooks.onResult?.(result);
  }
}

async function prepareTask(plan: JobPlan, deps: DrawDeps): Promise<Omit<RenderTask, "channels">> {
  const { objective, numIterations, pyramidLevels, pyramidScale, seed } = plan.request;
  return {
    network: await deps.networks.openPinned(plan.network),
    layer: plan.layer.index,
    objective,
    numIterations,
    pyramidLevels,
    pyramidScale,
    seed,
    initialImage:
      plan.initialImage === null ? null : await loadInitialImage(deps.store, plan.initialImage),
    provider: deps.provider,
  };
}

async function endAll(
  drawings: readonly Drawing[],
  resultOf: (drawing: Drawing) => ChannelResult,
  { store }: DrawDeps,
  { onResult }: DrawHooks,
): Promise<void> {
  await mapConcurrently(drawings, async (drawing) => {
    const result = resultOf(drawing);
    await writeResult(store, result);
    onResult?.(result);
  });
}

function cancelledResult(plan: JobPlan, drawing: Drawing, { now }: DrawDeps): ChannelResult {
  const { channel, attempts } = drawing;
  return {
    ...resultBase(plan.jobId, channel, { attempts, now: now() }),
    state: "cancelled",
  };
}

function failedResult(
  plan: JobPlan,
  { channel, attempts }: Drawing,
  { now }: DrawDeps,
  error: unknown,
): ChannelResult {
  return {
    ...resultBase(plan.jobId, channel, { attempts, now: now() }),
    state: "failed",
    source: "renderer",
    reason: error instanceof Error ? error.message : String(error),
  };
}
