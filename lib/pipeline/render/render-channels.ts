import type { Provider } from "../../autodiff/provider.ts";
import type { AscentProgress } from "../../optvis/ascent/task.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { Job } from "../job/job.ts";
import type { ChannelResult, Ending } from "../job/result.ts";
import { MAX_RECEIVES } from "../limits.ts";
import type { NetworkSource } from "../networks/bucket-networks.ts";
import { loadInitialImage } from "../request/initial-image.ts";
import { renderTiles, type TileHooks } from "./render-tiles.ts";
import type { Renderer, RenderTask } from "./renderer.ts";
import { watchCancellation } from "./watch-cancellation.ts";
import { writeImage } from "./write-image.ts";

/** What rendering a job's channels needs besides the job. */
export interface ChannelDeps {
  /** Initial images. */
  readonly store: ObjectStore;
  readonly networks: Pick<NetworkSource, "openPinned">;
  readonly renderer: Renderer;
  readonly provider: Provider;
  readonly now: () => Date;
}

export interface ChannelHooks {
  /** Stops the rendering: what has not ended is delivered again. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (jobId: string, progress: AscentProgress) => void;
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
  job: Job,
  deliveries: readonly Delivery[],
  deps: ChannelDeps,
  hooks: ChannelHooks = {},
): Promise<ReadonlyMap<number, unknown>> {
  if (deliveries.length === 0) return new Map();
  using watch = watchCancellation(job);
  const signals = [watch.signal, hooks.signal].filter((each) => each !== undefined);
  const rendering = new JobRendering(job, deps, { ...hooks, signal: AbortSignal.any(signals) });
  const wasCancelled = await job.isCancelled();
  if (!wasCancelled) await rendering.renderAll(deliveries);

  const unfinished = deliveries.filter(({ channel }) => !rendering.ended.has(channel));
  if (wasCancelled || watch.isCancelled()) {
    await rendering.endAll(unfinished, () => ({ state: "cancelled" }));
    return new Map();
  }
  const isStopped = rendering.signal.aborted;
  const isLast = ({ attempts }: Delivery) => attempts >= MAX_RECEIVES && !isStopped;
  const errorOf = ({ channel }: Delivery) =>
    rendering.errors.get(channel) ?? rendering.signal.reason;
  await rendering.endAll(unfinished.filter(isLast), (delivery) => failure(errorOf(delivery)));
  const again = unfinished.filter((delivery) => !isLast(delivery));
  return new Map(again.map((delivery) => [delivery.channel, errorOf(delivery)]));
}

type TaskWithoutChannels = Omit<RenderTask, "channels">;

/** What one call renders of a job: which channels have ended, and what stopped the others. */
class JobRendering {
  readonly ended = new Set<number>();
  readonly errors = new Map<number, unknown>();
  readonly signal: AbortSignal;
  readonly #job: Job;
  readonly #deps: ChannelDeps;
  readonly #hooks: ChannelHooks;

  constructor(job: Job, deps: ChannelDeps, hooks: ChannelHooks & { readonly signal: AbortSignal }) {
    this.signal = hooks.signal;
    this.#job = job;
    this.#deps = deps;
    this.#hooks = hooks;
  }

  async renderAll(deliveries: readonly Delivery[]): Promise<void> {
    await this.#keepError(deliveries, async () => {
      const task = await prepareTask(this.#job, this.#deps);
      const fresh = deliveries.filter(({ attempts }) => attempts === 1);
      await this.#renderTogether(task, fresh);
      const retried = deliveries
        .filter(({ attempts }) => attempts > 1)
        .toSorted((a, b) => a.attempts - b.attempts);
      const failedTogether = fresh.length > 1 ? fresh : [];
      for (const delivery of [...failedTogether, ...retried]) {
        if (!this.ended.has(delivery.channel)) await this.#renderTogether(task, [delivery]);
      }
    });
  }

  /** Ends channels without an image. */
  async endAll(
    deliveries: readonly Delivery[],
    endingOf: (delivery: Delivery) => Ending,
  ): Promise<void> {
    await mapConcurrently(deliveries, async (delivery) => {
      const { channel, attempts } = delivery;
      const delivered = { attempts, now: this.#deps.now() };
      const result = await this.#job.end(channel, endingOf(delivery), delivered);
      this.#hooks.onResult?.(result);
    });
  }

  async #renderTogether(task: TaskWithoutChannels, deliveries: readonly Delivery[]): Promise<void> {
    const { signal } = this;
    if (deliveries.length === 0 || signal.aborted) return;
    const attemptsOf = new Map(deliveries.map(({ channel, attempts }) => [channel, attempts]));
    const onTile: TileHooks["onTile"] = async (tile) => {
      const { channel } = tile;
      const delivered = { attempts: attemptsOf.get(channel) ?? 1, now: this.#deps.now() };
      const result = await writeImage(this.#job, tile, delivered);
      this.ended.add(channel);
      this.#hooks.onResult?.(result);
    };
    const onProgress = (progress: AscentProgress) =>
      this.#hooks.onProgress?.(this.#job.id, progress);
    await this.#keepError(deliveries, async () => {
      const channels = [...attemptsOf.keys()];
      const hooks = { signal, onTile, onProgress };
      await renderTiles(this.#deps.renderer, { ...task, channels }, hooks);
    });
  }

  /** What goes wrong with the work is the error of all its channels. */
  async #keepError(deliveries: readonly Delivery[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      for (const { channel } of deliveries) this.errors.set(channel, error);
    }
  }
}

async function prepareTask(job: Job, deps: ChannelDeps): Promise<TaskWithoutChannels> {
  const { network, request, initialImage } = await job.plan();
  return {
    request,
    network: await deps.networks.openPinned(network),
    initialImage: initialImage === null ? null : await loadInitialImage(deps.store, initialImage),
    provider: deps.provider,
  };
}

function failure(error: unknown): Ending {
  const reason = error instanceof Error ? error.message : String(error);
  return { state: "failed", source: "renderer", reason };
}
