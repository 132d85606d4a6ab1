import { decodeImage, encodePng } from "../image/png.ts";
import { composeSheet, type SheetTile } from "../image/sheet.ts";
import type { MontageOptions } from "../image/sheet-layout.ts";
import { eventStream } from "../pipeline/event-stream.ts";
import {
  type ChannelFailure,
  type ChannelImage,
  type RenderEvent,
  renderRequest,
} from "../pipeline/render/render-request.ts";
import type { RenderRequestInput } from "../pipeline/request/request.ts";
import { networkOf, type NetworkReference } from "./network.ts";

/** A request as its JSON file has it, fields and defaults alike; `initialImage` is a path. */
export type RenderRequest = Immutable<WithoutNetwork<RenderRequestInput>> & {
  readonly network: NetworkReference;
};
/** Of each method's fields. */
type WithoutNetwork<T> = T extends unknown ? Omit<T, "network"> : never;
/** Lists of the caller's may be immutable ones. */
type Immutable<T> = { readonly [K in keyof T]: Immutable<T[K]> };

export interface RenderOptions {
  /** Worker threads. @default one per core */
  readonly threads?: number;
  /** Ends the rendering; the loop then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Renders, for each channel asked for, the image that excites it most.
 *
 *     for await (const event of render({ network: "emojinet", layer: 2, channels: "1:6" })) {
 *       if (event.kind === "image") await writeFile(`${event.channel}.png`, event.png);
 *     }
 *
 * It begins with the loop and runs in threads of its own; leaving the loop ends them. An image has
 * the same bytes as the tile that `dreamgrid dream` writes for the same request.
 *
 * @throws RequestError naming every problem, before any work; NetworkError; ModelError;
 *   GpuUnavailableError for `executionEnvironment: "gpu"` without a GPU; RangeError for a number of
 *   threads that is none; the signal's reason
 */
export function render(
  { network, ...request }: RenderRequest,
  { threads, signal }: RenderOptions = {},
): AsyncGenerator<RenderEvent, void, undefined> {
  return eventStream<RenderEvent>(async (tell, stop) => {
    const { id, analysed } = await networkOf(network, stop);
    await renderRequest(analysed, { ...request, network: id }, { threads, signal: stop, tell });
  }, signal);
}

/**
 * Tiles rendered channels into one image, in the order given, each with its label under it.
 *
 * @param options as the request's `montage`. @default a near-square grid of whole tiles, entitled
 *   "Layer NAME Features"
 * @returns a PNG
 * @throws ImageError for options that contradict each other, or without any channel
 */
export async function sheet(
  channels: readonly (ChannelImage | ChannelFailure)[],
  options: MontageOptions = {},
): Promise<Uint8Array> {
  const tiles = channels.map((channel): SheetTile => {
    if (channel.kind === "failed") return channel;
    return { kind: "image", image: () => decodeImage(channel.png), label: channel.label };
  });
  const title = options.title ?? `Layer ${channels[0]?.layer} Features`;
  return encodePng(await composeSheet(tiles, { ...options, title }));
}
