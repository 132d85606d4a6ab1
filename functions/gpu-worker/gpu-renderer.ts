import type { QualityCard } from "../../lib/optvis/quality/card.ts";
import type {
  RenderedChannel,
  Renderer,
  RenderHooks,
  RenderTask,
} from "../../lib/pipeline/render/renderer.ts";
import { cudaFailureOf } from "./cuda-failure.ts";

/**
 * A Renderer that handles a card's failures. Out of memory: the batch is halved, from then on for
 * this layer. An error that breaks the CUDA context: `onBroken` is called before anything else
 * happens, so that no channel is recorded as its cause.
 */
export class GpuRenderer implements Renderer {
  readonly #renderer: Renderer;
  readonly #onBroken: (error: unknown) => void;
  /** Images that fitted into memory at once, by what the need for memory depends on. */
  readonly #batchSizes = new Map<string, number>();

  constructor(renderer: Renderer, onBroken: (error: unknown) => void) {
    this.#renderer = renderer;
    this.#onBroken = onBroken;
  }

  async render(task: RenderTask, hooks: RenderHooks = {}): Promise<readonly RenderedChannel[]> {
    const results = new Map<number, RenderedChannel>();
    const onChannel = async (result: RenderedChannel) => {
      results.set(result.channel, result);
      await hooks.onChannel?.(result);
    };
    const waiting = () => task.channels.filter((channel) => !results.has(channel));
    for (let channels = waiting(); channels.length > 0; channels = waiting()) {
      hooks.signal?.throwIfAborted();
      const batch = channels.slice(0, this.#batchSizes.get(memoryKey(task)));
      try {
        const rendered = await this.#renderer.render(
          { ...task, channels: batch },
          { ...hooks, onChannel },
        );
        // a renderer that does not call the hook has still rendered them
        for (const result of rendered) {
          if (!results.has(result.channel)) await onChannel(result);
        }
      } catch (error) {
        this.#handle(error, task, batch.length);
      }
    }
    return task.channels.flatMap((channel) => results.get(channel) ?? []);
  }

  async examine(...picture: Parameters<Renderer["examine"]>): Promise<QualityCard> {
    try {
      return await this.#renderer.examine(...picture);
    } catch (error) {
      if (cudaFailureOf(error) === "sticky") this.#onBroken(error);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#renderer.close();
  }

  /** Throws the error again unless a smaller batch may help. */
  #handle(error: unknown, task: RenderTask, batchSize: number): void {
    const failure = cudaFailureOf(error);
    if (failure === "sticky") this.#onBroken(error);
    if (failure !== "out-of-memory" || batchSize <= 1) throw error;
    this.#batchSizes.set(memoryKey(task), Math.floor(batchSize / 2));
  }
}

function memoryKey(task: RenderTask): string {
  const { network, request, initialImage } = task;
  const size = initialImage === null ? null : [initialImage.width, initialImage.height];
  return JSON.stringify([network.description.files, request.layer, sizesOf(request), size]);
}

function sizesOf(request: RenderTask["request"]): readonly unknown[] {
  if (request.method === "fourier") return [request.canvasSize, request.cropSize];
  return [request.pyramidLevels, request.pyramidScale];
}
