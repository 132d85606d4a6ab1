import { readFile } from "node:fs/promises";

import type { Planes } from "../../image/raster.ts";
import type { AscentProgress, TracePoint } from "../../optvis/ascent/task.ts";
import { cacheFolder } from "../../networks/folders.ts";
import { localGpuGate } from "../../optvis/runtime/local-gpu.ts";
import { machineBytes } from "../../optvis/runtime/machine-memory.ts";
import type { QualityCard } from "../../optvis/quality/card.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { checkRequest } from "../request/check-request.ts";
import { parseLocalRequest } from "../request/request.ts";
import { loadTargetFiles, readNamedFile } from "../request/target-files.ts";
import { EngineRenderer } from "./engine-renderer.ts";
import { renderTiles, type TileHooks } from "./render-tiles.ts";

/** One channel of a layer. */
interface ChannelOfLayer {
  /** 1-based. */
  readonly channel: number;
  /** Its class name or the request's label for it; `null` for none. */
  readonly label: string | null;
  /** Name of the layer. */
  readonly layer: string;
}

export interface ChannelImage extends ChannelOfLayer {
  readonly kind: "image";
  /**
   * R, G and B, each [H, W], in units of 0..255, unscaled: centred on zero where `deepdream`
   * began with noise, pixel values elsewhere.
   */
  readonly planes: Planes;
  /** The tile as a file, the planes scaled as the request's `outputScaling` says. */
  readonly png: Uint8Array;
  /** The image as an SVG document, of one in ellipses; `null`: it is none. */
  readonly svg: string | null;
  /** Its ascent as a WebP or GIF file, as the request's `animation` says; `null`: not asked for. */
  readonly animation: Uint8Array | null;
  /** Activation strength, the mean of the channel's map, before the last iteration's update. */
  readonly activation: number;
  /** Activation strength before each iteration's update. */
  readonly trace: readonly TracePoint[];
  /** How long the channel kept a thread busy. */
  readonly seconds: number;
  /**
   * Seed that gave the image: the request's, or a later one where that gave no gradient or the
   * poorer picture.
   */
  readonly seed: number;
  /** Figures of the tile, and what it falls short of. */
  readonly quality: QualityCard;
  /** Whether the image is the better of two, drawn from two seeds. */
  readonly redrawn: boolean;
}

/** A channel that cannot be rendered: without a gradient anywhere, or one that overflows. */
export interface ChannelFailure extends ChannelOfLayer {
  readonly kind: "failed";
  readonly reason: string;
}

export type RenderEvent =
  /** A few iterations of one channel are done; `iteration` is the last of them. */
  | ({ readonly kind: "progress" } & AscentProgress)
  | ChannelImage
  | ChannelFailure
  /** Every channel has ended. */
  | { readonly kind: "end"; readonly ok: number; readonly failed: number };

export interface RenderRequestOptions {
  /** Worker threads. @default one per core */
  readonly threads?: number | undefined;
  readonly signal: AbortSignal;
  /** Hears of every event; the next image waits until it has been taken. */
  readonly tell: (event: RenderEvent) => Promise<void>;
}

/**
 * Renders what a request asks for in this process: without a store, queues or other workers.
 *
 * @param json as a request file has it, with paths for network and initial image
 * @throws RequestError naming every problem; GpuUnavailableError; RuntimeError; the signal's
 *   reason
 */
export async function renderRequest(
  network: AnalysedNetwork,
  json: unknown,
  { threads, signal, tell }: RenderRequestOptions,
): Promise<void> {
  const request = parseLocalRequest(json);
  const { resolved, initialImage } = await checkRequest(request, network, {
    read: readNamedFile,
    memoryBytes: machineBytes(),
  });
  const { layer, channels, labels, targetFiles } = resolved;
  let [ok, failed] = [0, 0];
  const onTile: TileHooks["onTile"] = async (tile) => {
    const { channel } = tile;
    const which = { channel, label: labels[channels.indexOf(channel)] ?? null, layer: layer.name };
    if (tile.kind === "failed") {
      failed++;
      return tell({ kind: "failed", ...which, reason: tile.reason });
    }
    ok++;
    const { image: planes, png, activation, trace, seconds, seed, quality, redrawn } = tile;
    const encoded = { png, svg: tile.svg ?? null, animation: tile.animation?.bytes ?? null };
    const drawn = { activation, trace, seconds, seed, quality, redrawn };
    return tell({ kind: "image", ...which, planes, ...encoded, ...drawn });
  };
  const gate = localGpuGate(process.env, { threads, cacheFolder: cacheFolder(process.env) });
  {
    await using renderer = new EngineRenderer({ threads, gate });
    await renderTiles(
      renderer,
      {
        request: resolved.request,
        network,
        channels,
        initialImage,
        targetFiles: await loadTargetFiles(targetFiles, (key) => readFile(key)),
        provider: request.executionEnvironment,
      },
      {
        signal,
        onTile,
        onProgress: (progress) => void tell({ kind: "progress", ...progress }),
      },
    );
  }
  await tell({ kind: "end", ok, failed });
}
