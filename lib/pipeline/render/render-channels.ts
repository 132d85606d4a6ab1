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

export interface RenderDeps {
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "openPinned">;
  readonly renderer: Renderer;
  readonly provider: Provider;
  readonly now: () => Date;
}

export interface ChannelHooks {
  /** Stops the rendering: what has not ended is delivered again. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (jobId: string, progress: RenderProgress) => void;
  /** As each channel ends, its result written. */
  readonly onResult?: (result: ChannelResult) => void;
}

/** A channel to be rendered, as its message was delivered. */
export interface Delivery {
  /** 1-based. */
  readonly channel: number;
  /** Deliveries of its message, this one included. */
  readonly attempts: number;
}

/**
 * Renders channels of one job, and writes tile and result of each as it ends.
 *
 * A channel that was tried before is rendered alone and last: one that ends the process takes no
 * other with it. If a group fails, its channels are rendered one by one, so that only the one at
 * fault fails. On its last delivery a channel's error becomes its failed result.
 *
 * @returns what went wrong with each channel that is to be delivered again
 */
export async function renderChannels(
  plan: JobPlan,
  deliveries: readonly Delivery[],
  deps: RenderDeps,
  hooks: ChannelHooks = {},
): Promise<ReadonlyMap<number, unknown>> {
  if (deliveries.length === 0) return new Map();
  if (await isCancelled(deps.store, plan.jobId)) {
    await endAll(deliveries, (delivery) => cancelledResult(plan, delivery, deps), deps, hooks);
    return new Map();
  }
  using watch = watchCancellation(deps.store, plan.jobId);
  const signals = [watch.signal, ...(hooks.signal === undefined ? [] : [hooks.signal])];
  const rendering = new JobRendering(plan, deps, { ...hooks, signal: AbortSignal.any(signals) });
  await rendering.renderAll(deliveries);

  const unfinished = deliveries.filter(({ channel }) => !rendering.ended.has(channel));
  if (watch.isCancelled()) {
    await endAll(unfinished, (delivery) => cancelledResult(plan, delivery, deps), deps, hooks);
    return new Map();
  }
  const isStopped = rendering.signal.aborted;
  const isLast = ({ attempts }: Delivery) => attempts >= MAX_RECEIVES && !isStopped;
  const errorOf = ({ channel }: Delivery) =>
    rendering.errors.get(channel) ?? rendering.signal.reason;
  await endAll(
    unfinished.filter(isLast),
    (delivery) => failedResult(plan, delivery, deps, errorOf(delivery)),
    deps,
    hooks,
  );
  const again = unfinished.filter((delivery) => !isLast(delivery));
  return new Map(again.map((delivery) => [delivery.channel, errorOf(delivery)]));
}

/** What one call renders of a job: which channels have ended, and what stopped the others. */
class JobRendering {
  readonly ended = new Set<number>();
  readonly errors = new Map<number, unknown>();
  readonly signal: AbortSignal;
  readonly #plan: JobPlan;
  readonly #deps: RenderDeps;
  readonly #hooks: ChannelHooks;

  constructor(
    plan: JobPlan,
    deps: RenderDeps,
    hooks: ChannelHooks & { readonly signal: AbortSignal },
  ) {
    this.signal = hooks.signal;
    this.#plan = plan;
    this.#deps = deps;
    this.#hooks = hooks;
  }

  async renderAll(deliveries: readonly Delivery[]): Promise<void> {
    const task = await this.#prepare(deliveries);
    if (task === null) return;
    const fresh = deliveries.filter(({ attempts }) => attempts === 1);
    await this.#renderTogether(task, fresh);
    const retried = deliveries
      .filter(({ attempts }) => attempts > 1)
      .toSorted((a, b) => a.attempts - b.attempts);
    const failedTogether = fresh.length > 1 ? fresh : [];
    for (const delivery of [...failedTogether, ...retried]) {
      if (!this.ended.has(delivery.channel)) await this.#renderTogether(task, [delivery]);
    }
  }

  /** `null` if network or initial image cannot be had: no channel can be rendered then. */
  async #prepare(deliveries: readonly Delivery[]): Promise<Omit<RenderTask, "channels"> | null> {
    try {
      return await prepareTask(this.#plan, this.#deps);
    } catch (error) {
      for (const { channel } of deliveries) this.errors.set(channel, error);
      return null;
    }
  }

  async #renderTogether(
    task: Omit<RenderTask, "channels">,
    deliveries: readonly Delivery[],
  ): Promise<void> {
    const { signal } = this;
    if (deliveries.length === 0 || signal.aborted) return;
    const attemptsOf = new Map(deliveries.map(({ channel, attempts }) => [channel, attempts]));
    const onChannel = async (rendered: RenderedChannel) => {
      if (this.ended.has(rendered.channel)) return;
      await this.#write(rendered, attemptsOf.get(rendered.channel) ?? 1);
    };
    try {
      const channels = deliveries.map(({ channel }) => channel);
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
      for (const { channel } of deliveries) this.errors.set(channel, error);
    }
  }

  async #write(rendered: RenderedChannel, attempts: number): Promise<void> {
    const { store, now } = this.#deps;
    const delivery = { channel: rendered.channel, attempts };
    const result =
      rendered.kind === "image"
        ? await writeImage(store, this.#plan, rendered, { attempts, now: now() })
        : failedResult(this.#plan, delivery, this.#deps, new Error(rendered.reason));
    if (rendered.kind === "failed") await writeResult(store, result);
    this.ended.add(rendered.channel);
    this.#hooks.onResult?.(result);
  }
}

async function prepareTask(plan: JobPlan, deps: RenderDeps): Promise<Omit<RenderTask, "channels">> {
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
  deliveries: readonly Delivery[],
  resultOf: (delivery: Delivery) => ChannelResult,
  { store }: RenderDeps,
  { onResult }: ChannelHooks,
): Promise<void> {
  await mapConcurrently(deliveries, async (delivery) => {
    const result = resultOf(delivery);
    await writeResult(store, result);
    onResult?.(result);
  });
}

function cancelledResult(plan: JobPlan, delivery: Delivery, { now }: RenderDeps): ChannelResult {
  const { channel, attempts } = delivery;
  return {
    ...resultBase(plan.jobId, channel, { attempts, now: now() }),
    state: "cancelled",
  };
}

function failedResult(
  plan: JobPlan,
  { channel, attempts }: Delivery,
  { now }: RenderDeps,
  error: unknown,
): ChannelResult {
  return {
    ...resultBase(plan.jobId, channel, { attempts, now: now() }),
    state: "failed",
    source: "renderer",
    reason: error instanceof Error ? error.message : String(error),
  };
}
