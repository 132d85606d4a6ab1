export interface GpuWorkersDeps {
  /** Workers at a time. */
  readonly most: number;
  /** Channels waiting or being rendered, up to a minute ago: idle workers wait longer than that. */
  readonly depth: () => Promise<number>;
  readonly startOne: () => Promise<unknown>;
}

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
 * A worker ends when it finds nothing to do, and is replaced if it ends before that
 * (cdk/constructs/gpu-fleet.ts). To be called before the channels are sent: whoever is interrupted
 * and begins anew then starts one too many, and never none.
 */
export function gpuWorkerStarter({ most, depth, startOne }: GpuWorkersDeps) {
  return async (channels: number): Promise<void> => {
    const before = await depth();
    const more = workersFor(before + channels, most) - workersFor(before, most);
    for (let i = 0; i < more; i++) await startOne();
  };
}
