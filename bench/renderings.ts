import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Renderer, RenderTask } from "../lib/pipeline/render/renderer.ts";
import { type ExaminedTile, renderTiles } from "../lib/pipeline/render/render-tiles.ts";

/** Seconds from noise to raw images. @throws Error naming a channel that failed */
export async function secondsOfImages(
  renderer: Renderer,
  tasks: readonly RenderTask[],
): Promise<number> {
  const started = performance.now();
  for (const task of tasks) {
    const results = await renderer.render(task);
    const failed = results.find((result) => result.kind === "failed");
    if (failed?.kind === "failed") throw channelError(failed);
  }
  return (performance.now() - started) / 1000;
}

export interface Rendering {
  readonly tiles: readonly ExaminedTile[];
  /** From noise to PNG files' bytes with their quality cards, second drawings included. */
  readonly seconds: number;
}

/** @throws Error naming a channel that failed */
export async function tilesOf(renderer: Renderer, task: RenderTask): Promise<Rendering> {
  const tiles: ExaminedTile[] = [];
  const started = performance.now();
  await renderTiles(renderer, task, {
    onTile: async (tile) => {
      if (tile.kind === "failed") throw channelError(tile);
      tiles.push(tile);
    },
  });
  return { tiles, seconds: (performance.now() - started) / 1000 };
}

/** Leaves each tile as a PNG file, for the eye. */
export function writeTiles(folder: string, tiles: readonly ExaminedTile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { channel, png } of tiles) writeFileSync(join(folder, `${channel}.png`), png);
}

function channelError({ channel, reason }: { readonly channel: number; readonly reason: string }) {
  return new Error(`channel ${channel}: ${reason}`);
}
