import { readPicture } from "../../image/user-file.ts";
import type { PixelAttribution } from "../../optvis/quality/pixel-attribution.ts";
import { type AskedOfPixels, pixelOptions } from "../../optvis/quality/pixel-options.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import type { SeenClass } from "./explain.ts";
import { EngineExplainer } from "./explainer.ts";
import type { LaidAttribution } from "./token-grid.ts";

export interface AskedOfImage {
  /** Path of a PNG, JPEG or WebP file, or its bytes; resized to what the network sees. */
  readonly image: string | Uint8Array;
  /** Name or 1-based index. @default what the network sees most */
  readonly class?: string | number;
  /** Name or 1-based index. @default the last whose places speak */
  readonly layer?: string | number;
  /**
   * Whether pixels are asked for too, by how many steps, and under how much noise, a share of
   * 0..255. @default false; of `true` 64 steps under 0.1
   */
  readonly pixels?: AskedOfPixels;
}

/** Why a network sees a class in an image, as programs read it. */
export interface ClassExplanation extends LaidAttribution {
  readonly class: SeenClass;
  /** All classes, the most activated first. */
  readonly seen: readonly SeenClass[];
  /** That has the channels and places. */
  readonly layer: { readonly index: number; readonly name: string };
  /** `null` where they were not asked for. */
  readonly pixels: PixelAttribution | null;
}

/** Explains a picture's file. @throws as `Explainer.explain`; ImageError; what reading it throws */
export async function explainClass(
  network: AnalysedNetwork,
  { image, pixels = false, ...question }: AskedOfImage,
): Promise<ClassExplanation> {
  const found = await new EngineExplainer().explain(network, await readPicture(image), {
    ...question,
    pixels: pixelOptions(pixels) ?? undefined,
  });
  const { index, name } = found.layer;
  const { of, seen, attribution } = found;
  return { class: of, seen, layer: { index, name }, ...attribution, pixels: found.pixels };
}
