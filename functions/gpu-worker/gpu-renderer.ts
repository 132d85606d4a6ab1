import type { QualityCard } from "../../lib/optvis/quality/card.ts";
import type { RenderedChannel, Renderer } from "../../lib/pipeline/render/renderer.ts";
import { breaksContext } from "./cuda-failure.ts";

/**
 * A Renderer on a card. After an error that breaks the CUDA context `onBroken` is called before
 * anything else happens, so that no channel is recorded as its cause.
 */
export class GpuRenderer implements Renderer {
  readonly #renderer: Renderer;
  readonly #onBroken: (error: unknown) => void;

  constructor(renderer: Renderer, onBroken: (error: unknown) => void) {
    this.#renderer = renderer;
    this.#onBroken = onBroken;
  }

  render(...task: Parameters<Renderer["render"]>): Promise<readonly RenderedChannel[]> {
    return this.#watched(this.#renderer.render(...task));
  }

  examine(...picture: Parameters<Renderer["examine"]>): Promise<QualityCard> {
    return this.#watched(this.#renderer.examine(...picture));
  }

  close(): Promise<void> {
    return this.#renderer.close();
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (breaksContext(error)) this.#onBroken(error);
      throw error;
    }
  }
}
