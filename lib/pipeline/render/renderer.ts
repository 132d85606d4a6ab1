import type { Provider } from "../../autodiff/provider.ts";
import type { Raster, Size } from "../../image/raster.ts";
import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import type { AscentImage, FailedChannel } from "../../optvis/ascent/task.ts";
import type { QualityCard } from "../../optvis/quality/card.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { CompleteRequest } from "../request/complete-request.ts";
import type { TargetContents } from "../request/target-files.ts";

/**
 * What an ascent gave, its planes as R, G, B in units of 0..255, unscaled: centred on zero if
 * `isCentred` says so of its request, or else pixel values.
 */
export interface RenderedImage extends AscentImage {
  readonly provider: Provider;
  /** Seed of the run that gave the image; another than the task's after a restart. */
  readonly seed: number;
}

export type RenderedChannel = RenderedImage | FailedChannel;

export type RenderHooks = AscentHooks<RenderedChannel>;

/**
 * Where a task is drawn: by one provider, or where this machine does it best. `auto`: on the GPU
 * and the CPU side by side, if the GPU passes its gate; `gpu`: there, or it is an error.
 */
export type Placement = Provider | "auto" | "gpu";

/** Channels of one layer, to be rendered with the same options. */
export interface RenderTask {
  readonly network: AnalysedNetwork;
  readonly request: CompleteRequest;
  /** 1-based channels or numbers of targets' images; all of the request's, or some of them. */
  readonly channels: readonly number[];
  /** What the request names; `null`: noise. */
  readonly initialImage: Raster | null;
  /** What the files hold that its targets name, by their keys. @default none are named */
  readonly targetFiles?: ReadonlyMap<string, TargetContents>;
  readonly provider: Placement;
}

/** A layer of a network that looks at a picture. */
export interface ExaminationTask extends Pick<RenderTask, "network" | "provider"> {
  /** 1-based index in the layer table. */
  readonly layer: number;
  /** Along which its channels lie. @default as decided, see `channelAxes` */
  readonly channelAxis?: number | undefined;
  /** Of what the network looks at: the picture is resized to it. */
  readonly size: Size;
}

/**
 * Renders channels. On the CPU an image's bytes depend on the task's options and the channel alone,
 * never on the other channels of the task.
 */
export interface Renderer {
  /**
   * @returns one result per channel of the task, in its order; fewer if `onChannel` was told of
   *   the others
   * @throws whatever went wrong around the images (memory, a broken file, an abort); what is wrong
   *   with one image (a NaN) is a result of kind "failed".
   */
  render(task: RenderTask, hooks?: RenderHooks): Promise<readonly RenderedChannel[]>;
  /**
   * The quality card of a picture of a channel, as people see it. On the CPU it depends on the
   * picture's pixels alone.
   *
   * @param channel 1-based; `null`: it was drawn to excite no channel of its own
   */
  examine(task: ExaminationTask, channel: number | null, picture: Raster): Promise<QualityCard>;
  close(): Promise<void>;
}
