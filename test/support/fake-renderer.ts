import { once } from "node:events";

import type { Planes, Size } from "../../lib/image/raster.ts";
import type { QualityCard } from "../../lib/optvis/quality/card.ts";
import type {
  RenderedChannel,
  Renderer,
  RenderHooks,
  RenderTask,
} from "../../lib/pipeline/render/renderer.ts";

/** That of the tiny network's input. */
const SIZE: Size = { width: 20, height: 16 };

export interface FakeRendererOptions {
  /** Channels that end as failed. */
  readonly unrenderable?: readonly number[];
  /** Channels whose group throws, as when memory runs out. */
  readonly throwing?: readonly number[];
  /** Pixels. */
  readonly size?: Size;
  /** Added to the first pixel, to tell one renderer's images from another's. */
  readonly noise?: number;
  /** Awaited before each channel is rendered, with the signal that stops the rendering. */
  readonly beforeChannel?: (channel: number, stop: AbortSignal | undefined) => unknown;
}

/** Of a picture that there is nothing to say against. */
export const GOOD_CARD: QualityCard = {
  luminanceDeviation: 0.2,
  fineShare: 0.02,
  source: { activation: 7, probability: null, rank: 1, robustness: 0.9 },
  selective: true,
  marks: [],
};

/** A fast Renderer that keeps the port's promises: an image depends on channel and seed alone. */
export class FakeRenderer implements Renderer {
  /** The channels of every call, in order. */
  readonly calls: (readonly number[])[] = [];
  readonly tasks: RenderTask[] = [];
  readonly #options: FakeRendererOptions;

  constructor(options: FakeRendererOptions = {}) {
    this.#options = options;
  }

  async render(task: RenderTask, hooks: RenderHooks = {}): Promise<readonly RenderedChannel[]> {
    this.calls.push(task.channels);
    this.tasks.push(task);
    const results: RenderedChannel[] = [];
    for (const channel of task.channels) {
      hooks.signal?.throwIfAborted();
      await hooks.onBegin?.([channel]);
      await this.#options.beforeChannel?.(channel, hooks.signal);
      hooks.signal?.throwIfAborted();
      if (this.#options.throwing?.includes(channel) === true) {
        throw new Error(`the renderer lost channel ${channel}`);
      }
      const result = this.#renderOne(task, channel);
      if (result.kind === "image") {
        for (const point of result.trace) hooks.onProgress?.({ channel, ...point });
      }
      await hooks.onChannel?.(result);
      results.push(result);
    }
    return results;
  }

  examine(): Promise<QualityCard> {
    return Promise.resolve(GOOD_CARD);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #renderOne(task: RenderTask, channel: number): RenderedChannel {
    if (this.#options.unrenderable?.includes(channel) === true) {
      return { kind: "failed", channel, reason: `channel ${channel} has no gradient` };
    }
    const { request, provider } = task;
    const { seed, numIterations } = request;
    const levels = request.method === "deepdream" ? request.pyramidLevels : 1;
    const trace = Array.from({ length: levels }, (_, level) =>
      Array.from({ length: numIterations }, (__, iteration) => ({
        level: level + 1,
        iteration: iteration + 1,
        activation: channel + iteration / 10,
      })),
    ).flat();
    const image = fakeImage(channel, seed, this.#options.size ?? SIZE);
    image.data[0] = (image.data[0] ?? 0) + (this.#options.noise ?? 0);
    const drawnOn = provider === "auto" || provider === "gpu" ? "cpu" : provider;
    const facts = { seconds: 0.5, provider: drawnOn, seed, restarts: 0 };
    const isPainted = request.method === "fourier" && request.ellipses !== undefined;
    const svg = isPainted && { svg: `<svg id="${channel}"/>` };
    return { kind: "image", channel, image, ...svg, trace, ...facts };
  }
}

/** For `beforeChannel`: a channel that takes as long as it may. */
export async function untilStopped(stop: AbortSignal | undefined): Promise<void> {
  if (stop === undefined) await new Promise(() => undefined);
  else if (!stop.aborted) await once(stop, "abort");
}

/** Values that tell channel, seed and pixel apart. */
export function fakeImage(channel: number, seed: number, { width, height }: Size = SIZE): Planes {
  const data = Float32Array.from(
    { length: 3 * width * height },
    (_, i) => Math.sin(channel * 12.9898 + seed * 78.233 + i * 0.37) * 100,
  );
  return { width, height, data };
}
