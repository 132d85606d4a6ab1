import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import { breaksContext } from "./cuda-failure.ts";

/**
 * A Renderer on a card. After an error that breaks the CUDA context `onBroken` is called before
 * anything else happens, so that no channel is recorded as its cause.
 */
export function gpuRenderer(renderer: Renderer, onBroken: (error: unknown) => void): Renderer {
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (breaksContext(error)) onBroken(error);
      throw error;
    }
  };
  return {
    render: (...task) => watched(renderer.render(...task)),
    examine: (...picture) => watched(renderer.examine(...picture)),
    close: () => renderer.close(),
  };
}
