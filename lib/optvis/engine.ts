import { availableParallelism } from "node:os";

import type { Size } from "../image/raster.ts";
import { type Climber, noise, resizePlanes, runLevel } from "./ascent-run.ts";
import type { ChannelDream, DreamHooks, DreamTask, Planes } from "./deep-dream.ts";
import { SessionLane } from "./session-lane.ts";

/** Images in one run on CUDA, where larger batches use the card better; beyond 32 little is gained. */
const CUDA_BATCH = 32;
/** Other seeds tried for an image whose whole gradient is zero. */
const MAX_RESTARTS = 16;

/**
 * Runs ascents: one lane (thread and session) per core on the CPU, each with one image at a time, so
 * that an image's bytes depend neither on the others nor on their order; one lane and batches on
 * CUDA.
 */
export class DreamEngine {
  readonly #threads: number;
  #lanes: SessionLane[] = [];

  /** @param threads lanes on the CPU. @default the machine's cores */
  constructor({ threads = availableParallelism() }: { readonly threads?: number } = {}) {
    this.#threads = threads;
  }

  /**
   * Ascends every channel of the task. Results are in the order of `task.channels`; `onChannel`
   * has them as they end. A channel that cannot go on is a failed result, not an error.
   *
   * @throws UnsupportedGradientError, ModelError, CudaUnavailableError, RuntimeError: what concerns
   *   all channels alike; the signal's reason when aborted.
   */
  async dream(task: DreamTask, hooks: DreamHooks = {}): Promise<readonly ChannelDream[]> {
    const groups = groupChannels(task);
    const results = new Map<number, ChannelDream>();
    const queue = [...groups];
    const failure = new AbortController();
    const signal = hooks.signal ? AbortSignal.any([hooks.signal, failure.signal]) : failure.signal;

    const work = async (lane: SessionLane): Promise<void> => {
      for (let group = queue.shift(); group; group = queue.shift()) {
        for (const dream of await this.#dreamGroup(lane, task, group, { ...hooks, signal })) {
          results.set(dream.position, dream.result);
          await hooks.onChannel?.(dream.result);
        }
      }
    };
    const laneCount = task.provider === "cuda" ? 1 : Math.min(this.#threads, groups.length);
    while (this.#lanes.length < laneCount) this.#lanes.push(new SessionLane());
    const outcomes = await Promise.allSettled(
      this.#lanes.slice(0, laneCount).map((lane) =>
        work(lane).catch((error: unknown) => {
          failure.abort(error);
          throw error;
        }),
      ),
    );
    hooks.signal?.throwIfAborted();
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failure.signal.reason;
    return task.channels.map((_, position) => results.get(position)!);
  }

  /** Ends the lanes; the engine starts new ones if it is used again. */
  async close(): Promise<void> {
    const lanes = this.#lanes;
    this.#lanes = [];
    await Promise.all(lanes.map((lane) => lane.close()));
  }

  async #dreamGroup(
    lane: SessionLane,
    task: DreamTask,
    group: readonly Member[],
    hooks: DreamHooks,
  ): Promise<readonly { readonly position: number; readonly result: ChannelDream }[]> {
    const started = performance.now();
    const ended: { position: number; result: ChannelDream }[] = [];
    let members = group;
    for (let restarts = 0; members.length > 0; restarts++) {
      const climbers = members.map((member) => startOf(task, member, restarts));
      await climb(lane, task, climbers, hooks);
      const seconds = (performance.now() - started) / 1000 / group.length;
      const again: Member[] = [];
      climbers.forEach((climber, i) => {
        const member = members[i]!;
        const canRestart = task.start.kind !== "given" && restarts < MAX_RESTARTS;
        if (climber.stop?.kind === "dead" && canRestart) again.push(member);
        else
          ended.push({
            position: member.position,
            result: outcome(climber, { seconds, restarts }),
          });
      });
      members = again;
    }
    return ended;
  }
}

/** A channel and its place in the task, since a task may name a channel twice. */
interface Member {
  readonly channel: number;
  readonly position: number;
}

function groupChannels({ channels, provider }: DreamTask): Member[][] {
  const size = provider === "cuda" ? CUDA_BATCH : 1;
  const members = channels.map((channel, position) => ({ channel, position }));
  return Array.from({ length: Math.ceil(members.length / size) }, (_, i) =>
    members.slice(i * size, (i + 1) * size),
  );
}

function startOf(task: DreamTask, { channel, position }: Member, restarts: number): Climber {
  const { start, levels } = task;
  const size: Size = levels[0]!.size;
  const climber = (image: Planes): Climber => ({ channel, image, trace: [], stop: null });
  if (start.kind === "given") return climber(start.images[position]!);
  const fresh = noise(task, start.seed + restarts, channel, size);
  if (start.kind === "noise") return climber(fresh);
  if (restarts === 0) return climber(start.image);
  return climber({ ...size, data: start.image.data.map((pixel, i) => pixel + fresh.data[i]!) });
}

/** Through all levels; detail that the ascent added to a photograph is carried from level to level. */
async function climb(
  lane: SessionLane,
  task: DreamTask,
  climbers: readonly Climber[],
  hooks: DreamHooks,
): Promise<void> {
  const photograph = task.start.kind === "photograph" ? task.start.image : null;
  let base = photograph;
  for (let level = 1; level <= task.levels.length; level++) {
    const { size } = task.levels[level - 1]!;
    if (level > 1) {
      const nextBase = photograph && resizePlanes(photograph, size);
      for (const climber of climbers) {
        climber.image =
          base && nextBase
            ? reinjectDetail(climber.image, base, nextBase)
            : resizePlanes(climber.image, size);
      }
      base = nextBase;
    }
    // images that stopped stay in the batch, whose size the graph fixes, and are not looked at again
    await runLevel(lane, task, climbers, level, hooks);
    if (climbers.every(({ stop }) => stop !== null)) return;
  }
}

/** next base + resized (image - base): google/deepdream's way to keep the photograph sharp. */
function reinjectDetail(image: Planes, base: Planes, nextBase: Planes): Planes {
  const detail = image.data.map((pixel, i) => pixel - base.data[i]!);
  const resized = resizePlanes({ ...base, data: detail }, nextBase);
  return { ...nextBase, data: nextBase.data.map((pixel, i) => pixel + resized.data[i]!) };
}

function outcome(
  { channel, image, trace, stop }: Climber,
  facts: { readonly seconds: number; readonly restarts: number },
): ChannelDream {
  if (!stop) return { kind: "image", channel, image, trace, ...facts };
  const reason =
    stop.kind === "dead"
      ? `the gradient is zero everywhere, for ${facts.restarts + 1} starting images; the channel may be dead`
      : `non-finite ${stop.what} at level ${stop.level}, iteration ${stop.iteration}`;
  return { kind: "failed", channel, reason };
}
