import type { Provider } from "../../autodiff/provider.ts";
import type { Planes, Raster } from "../../image/raster.ts";
import type { TracePoint } from "../../optvis/ascent/task.ts";
import type { Objective } from "../../optvis/graph/objective/names.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";

export interface RenderedImage {
  readonly kind: "image";
  /** 1-based. */
  readonly channel: number;
  /**
   * R, G, B planes in units of 0..255, unscaled: centred on zero if the ascent began with noise,
   * pixel values if it began with an image.
   */
  readonly image: Planes;
  readonly trace: readonly TracePoint[];
  readonly seconds: number;
  readonly provider: Provider;
  /** Seed of the run that gave the image; another than the task's after a restart. */
  readonly seed: number;
  readonly restarts: number;
}

/** The channel cannot be rendered, and trying again would not change that. */
export interface UnrenderableChannel {
  readonly kind: "failed";
  /** 1-based. */
  readonly channel: number;
  readonly reason: string;
}

export type RenderedChannel = RenderedImage | UnrenderableChannel;

/** Channels of one layer, to be rendered with the same options. */
export interface RenderTask {
  readonly network: AnalysedNetwork;
  /** 1-based index in the layer table. */
  readonly layer: number;
  /** 1-based. */
  readonly channels: readonly number[];
  readonly objective: Objective;
  /** Per pyramid level. */
  readonly numIterations: number;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
  readonly seed: number;
  /** `null`: noise of the network's input size. */
  readonly initialImage: Raster | null;
  readonly provider: Provider;
}

export interface RenderProgress extends TracePoint {
  /** 1-based. */
  readonly channel: number;
}

export interface RenderHooks {
  /** Once aborted, `render` rejects soon; channels that have ended stay ended. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RenderProgress) => void;
  /** As each channel ends; awaited, so that finished images do not gather in memory. */
  readonly onChannel?: (result: RenderedChannel) => Promise<void>;
}

/**
 * Renders channels. On the CPU an image's bytes depend on the task's options and the channel alone,
 * never on the other channels of the task.
 */
export interface Renderer {
  /**
   * One result per channel of the task, in its order.
   *
   * @throws whatever went wrong around the images (memory, a broken file, an abort); what is wrong
   *   with one image (a NaN) is a result of kind "failed".
   */
  render(task: RenderTask, hooks?: RenderHooks): Promise<readonly RenderedChannel[]>;
  close(): Promise<void>;
}
