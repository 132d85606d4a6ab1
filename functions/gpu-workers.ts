import type { QueueDepth } from "../lib/queue/message-queue.ts";

export interface GpuWorkersDeps {
  /** Workers at a time. */
  readonly most: number;
  /** Of their channels, up to a minute ago: idle workers wait longer than that. */
  readonly depth: () => Promise<QueueDepth>;
  readonly startOne: () => Promise<unknown>;
  /** Milliseconds. @default the machine's clock */
  readonly now?: () => number;
}

/** A Spot instance and its image take five to ten minutes. */
const START_MS = 20 * 60_000;

/** Channels waiting or being rendered from which on so many workers are worth starting. */
const STEPS = [
  { channels: 3_200, workers: 8 },
  { channels: 800, workers: 4 },
  { channels: 200, workers: 2 },
  { channels: 1, workers: 1 },
] as const;

/** Workers that so many channels are worth, of `most`. */
export function workersFor(channels: number, most: number): number {
  return Math.min(most, STEPS.find((step) => channels >= step.channels)?.workers ?? 0);
}

/**
 * Starts the workers that further channels are worth, beyond those of the channels that are there.
 * A worker ends when it finds nothing to do. One that ends earlier is replaced
 * (cdk/constructs/gpu-fleet.ts), unless it found no card of use. So where channels wait, nobody
 * holds any, and this process has started no worker for long, one is started to look for a card.
 *
 * To be called before the channels are sent: whoever is interrupted and begins anew then starts one
 * too many, and never none.
 */
export function gpuWorkerStarter({ most, depth, startOne, now = Date.now }: GpuWorkersDeps) {
  let startedMs = Number.NEGATIVE_INFINITY;
  return async (channels: number): Promise<void> => {
    const { waiting, held } = await depth();
    const before = waiting + held;
    const more = workersFor(before + channels, most) - workersFor(before, most);
    const isDeserted = waiting > 0 && held === 0 && now() - startedMs > START_MS;
    for (let i = 0; i < Math.max(more, isDeserted ? 1 : 0); i++) {
      await startOne();
      startedMs = now();
    }
  };
}
