import { messageOf } from "../../onnx/errors.ts";
import type { AscentProgress } from "../../optvis/ascent/task.ts";
import type { MessageSender } from "../../queue/message-queue.ts";
import { OutOfTimeError } from "../../optvis/ascent/interruption.ts";
import { mapConcurrently } from "../concurrency.ts";
import { sendChannels } from "../job/dispatch-job.ts";
import type { Job } from "../job/job.ts";
import type { ChannelResult, Ending } from "../job/result.ts";
import { MAX_ATTEMPTS } from "../limits.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isFurther,
  type TileProgress,
} from "./checkpoint.ts";
import { prepareTask, type TaskDeps, type TaskWithoutChannels } from "./prepare-task.ts";
import { renderTiles, type TileHooks } from "./render-tiles.ts";
import type { Renderer } from "./renderer.ts";
import { watchCancellation } from "./watch-cancellation.ts";
import { writeImage } from "./write-image.ts";

/** What rendering a job's channels needs besides the job. */
export interface ChannelDeps extends TaskDeps {
  readonly renderer: Renderer;
  readonly now: () => Date;
  /** Carries on the channels that no time is left for. @default they come back as they came */
  readonly continuations?: MessageSender | undefined;
}

export interface ChannelHooks {
  /** Stops the rendering: what has not ended is delivered again. */
  readonly signal?: AbortSignal | undefined;
  /** Whether there is time for work of so many seconds, and to write what there is then. */
  readonly hasTime?: ((seconds: number) => boolean) | undefined;
  readonly onProgress?: (jobId: string, progress: AscentProgress) => void;
  /** Of what the job's owner would not expect, once for each. */
  readonly onNotice?: (jobId: string, notice: string) => void;
  /** As each channel ends, its result written. */
  readonly onResult?: (result: ChannelResult) => void;
}

/** A channel to be rendered. */
export interface Delivery {
  /** 1-based. */
  readonly channel: number;
  /** Earlier deliveries in which it was begun, and which brought it no further. */
  readonly attempts: number;
  /** Where it goes on; `null`: at its beginning. */
  readonly checkpoint: Checkpoint | null;
  /** Whether a checkpoint is stored, if only one that is of no use. */
  readonly isStored: boolean;
}

/**
 * Renders channels of one job, and writes tile and result of each as it ends.
 *
 * A channel that was tried before is rendered alone and last: one that ends the process takes no
 * other with it. If a group fails, its channels are rendered one by one, so that only the one at
 * fault fails. On its last attempt a channel's error becomes its failed result. A delivery counts
 * as an attempt once the channel is begun, or once what all of them need cannot be had.
 *
 * What is under way when there is no time left, or when the worker is stopped, leaves a checkpoint,
 * and is no attempt; with no time left it is sent on to the next worker, and so is what was not
 * begun.
 *
 * @returns what went wrong with each channel that is to be delivered again
 */
export async function renderChannels(
  job: Job,
  deliveries: readonly Delivery[],
  deps: ChannelDeps,
  hooks: ChannelHooks,
): Promise<ReadonlyMap<number, unknown>> {
  if (deliveries.length === 0) return new Map();
  using watch = watchCancellation(job);
  const signals = [watch.signal, hooks.signal].filter((each) => each !== undefined);
  const rendering = new JobRendering(job, deps, { ...hooks, signal: AbortSignal.any(signals) });
  const wasCancelled = await job.isCancelled();
  const isSpent = ({ attempts }: Delivery) => attempts >= MAX_ATTEMPTS;
  if (!wasCancelled) await rendering.renderAll(deliveries.filter((each) => !isSpent(each)));

  const unfinished = deliveries.filter(({ channel }) => !rendering.ended.has(channel));
  if (wasCancelled || watch.isCancelled()) {
    await rendering.endAll(unfinished, () => ({ state: "cancelled" }));
    return new Map();
  }
  await rendering.endAll(unfinished.filter(isSpent), () => NO_WORKER_FINISHED);
  await rendering.sendOn(unfinished.filter((delivery) => !isSpent(delivery)));
  const isStopped = rendering.signal.aborted;
  const isLast = (delivery: Delivery) =>
    !isStopped && !rendering.isOutOfTime && rendering.attemptsOf(delivery) >= MAX_ATTEMPTS;
  const errorOf = ({ channel }: Delivery) =>
    rendering.errors.get(channel) ?? rendering.signal.reason;
  const tried = unfinished.filter(
    (delivery) => !isSpent(delivery) && !rendering.sent.has(delivery.channel),
  );
  await rendering.endAll(tried.filter(isLast), (delivery) => failure(errorOf(delivery)));
  const again = tried.filter((delivery) => !isLast(delivery));
  return new Map(again.map((delivery) => [delivery.channel, errorOf(delivery)]));
}

/** All of a channel's attempts were begun, and none ended. */
const NO_WORKER_FINISHED: Ending = {
  state: "failed",
  source: "dead-letter",
  reason: `no worker finished the channel in ${MAX_ATTEMPTS} attempts; each was cut off, ran out of time or ended without an answer`,
};

/** What one call renders of a job: which channels have ended, and what stopped the others. */
class JobRendering {
  readonly ended = new Set<number>();
  readonly errors = new Map<number, unknown>();
  /** Channels that another message is about by now. */
  readonly sent = new Set<number>();
  isOutOfTime = false;
  readonly #begun = new Set<number>();
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

  get #isStopped(): boolean {
    return this.signal.aborted || this.isOutOfTime;
  }

  /** Deliveries in which it was begun, this one included if it was. */
  attemptsOf({ channel, attempts }: Delivery): number {
    return attempts + (this.#begun.has(channel) ? 1 : 0);
  }

  /** Sends on what there was no time for and is not on its way already. */
  async sendOn(deliveries: readonly Delivery[]): Promise<void> {
    if (!this.isOutOfTime) return;
    const left = deliveries.filter(({ channel }) => !this.sent.has(channel));
    for (const { channel, checkpoint } of left) await this.#send(channel, checkpoint?.part ?? 0);
  }

  async #send(channel: number, part: number): Promise<void> {
    const { continuations } = this.#deps;
    if (continuations === undefined) return;
    await sendChannels(this.#job, [channel], continuations, part);
    this.sent.add(channel);
  }

  /** Writes how far channels have come that were stopped on their way. */
  async #keep(
    progress: ReadonlyMap<number, TileProgress>,
    deliveries: ReadonlyMap<number, Delivery>,
  ): Promise<void> {
    if (await this.#job.isCancelled()) return;
    for (const [channel, came] of progress) {
      const delivery = deliveries.get(channel);
      if (delivery === undefined || !isFurther(came, delivery.checkpoint)) continue;
      const { part = 0 } = delivery.checkpoint ?? {};
      const next = this.signal.aborted || this.#deps.continuations === undefined ? part : part + 1;
      // the message first: whoever finds a checkpoint of a later part than its message's knows that
      // another message is about it
      if (next > part) await this.#send(channel, next);
      const bytes = encodeCheckpoint({ part: next, ...came });
      await this.#job.images.writeCheckpoint(channel, bytes);
      // it was no attempt in vain
      await this.#job.images.writeAttempts(channel, delivery.attempts);
      this.#begun.delete(channel);
    }
  }

  async renderAll(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await this.#keepError(deliveries, async () => {
      // a network takes long to open, and is of no use to a worker that is stopped
      this.signal.throwIfAborted();
      const channels = deliveries.map(({ channel }) => channel);
      const preparing = prepareTask(this.#job, channels, this.#deps);
      const task = await preparing.catch(async (error: unknown) => {
        await this.#begin(deliveries);
        throw error;
      });
      const fresh = deliveries.filter(({ attempts }) => attempts === 0);
      await this.#renderTogether(task, fresh);
      const retried = deliveries
        .filter(({ attempts }) => attempts > 0)
        .toSorted((a, b) => a.attempts - b.attempts);
      for (const delivery of fresh.length > 1 ? fresh : []) {
        if (this.#isStopped) return;
        if (this.ended.has(delivery.channel)) continue;
        await this.#renderTogether(task, [await this.#asStored(delivery)]);
      }
      for (const delivery of retried) await this.#renderTogether(task, [delivery]);
    });
  }

  /** With its checkpoint read again: the rendering that failed has used up what it held. */
  async #asStored(delivery: Delivery): Promise<Delivery> {
    if (delivery.checkpoint === null) return delivery;
    const bytes = await this.#job.images.findCheckpoint(delivery.channel);
    return { ...delivery, checkpoint: bytes && decodeCheckpoint(bytes) };
  }

  /** Ends channels without an image. */
  async endAll(
    deliveries: readonly Delivery[],
    endingOf: (delivery: Delivery) => Ending,
  ): Promise<void> {
    await mapConcurrently(deliveries, async (delivery) => {
      const { channel } = delivery;
      const attempts = Math.max(1, this.attemptsOf(delivery));
      const delivered = { attempts, now: this.#deps.now() };
      const result = await this.#job.end(channel, endingOf(delivery), delivered);
      if (delivery.isStored) await this.#job.images.removeCheckpoint(channel);
      this.#hooks.onResult?.(result);
    });
  }

  /** Counts an attempt at each, once a delivery. */
  async #begin(deliveries: readonly Delivery[]): Promise<void> {
    const unbegun = deliveries.filter(({ channel }) => !this.#begun.has(channel));
    await mapConcurrently(unbegun, async ({ channel, attempts }) => {
      await this.#job.images.writeAttempts(channel, attempts + 1);
      this.#begun.add(channel);
    });
  }

  async #renderTogether(task: TaskWithoutChannels, deliveries: readonly Delivery[]): Promise<void> {
    const { signal } = this;
    if (deliveries.length === 0 || this.#isStopped) return;
    const byChannel = new Map(deliveries.map((delivery) => [delivery.channel, delivery]));
    const onBegin = (channels: readonly number[]) =>
      this.#begin(channels.flatMap((channel) => byChannel.get(channel) ?? []));
    const told = new Set<string>();
    const onTile: TileHooks["onTile"] = async (tile) => {
      const { channel } = tile;
      const attempts = (byChannel.get(channel)?.attempts ?? 0) + 1;
      const delivered = { attempts, now: this.#deps.now(), notices: [...told] };
      const result = await writeImage(this.#job, tile, delivered);
      this.ended.add(channel);
      if (byChannel.get(channel)?.isStored) await this.#job.images.removeCheckpoint(channel);
      this.#hooks.onResult?.(result);
    };
    const onProgress = (progress: AscentProgress) =>
      this.#hooks.onProgress?.(this.#job.id, progress);
    const onNotice = (notice: string) => {
      if (told.has(notice)) return;
      told.add(notice);
      this.#hooks.onNotice?.(this.#job.id, notice);
    };
    await this.#keepError(deliveries, async () => {
      const channels = [...byChannel.keys()];
      const resume = new Map(
        deliveries.flatMap(({ channel, checkpoint }) =>
          checkpoint ? [[channel, checkpoint]] : [],
        ),
      );
      const onStopped: TileHooks["onStopped"] = (progress) => this.#keep(progress, byChannel);
      const { hasTime } = this.#hooks;
      const hooks = { signal, hasTime, resume, onStopped, onBegin, onTile, onProgress, onNotice };
      await renderTiles(this.#deps.renderer, { ...task, channels }, hooks);
    });
  }

  /** What goes wrong with the work is the error of all its channels. */
  async #keepError(deliveries: readonly Delivery[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.isOutOfTime ||= error instanceof OutOfTimeError;
      for (const { channel } of deliveries) this.errors.set(channel, error);
    }
  }
}

function failure(error: unknown): Ending {
  const reason = messageOf(error);
  return { state: "failed", source: "renderer", reason };
}
