import { join } from "node:path";

import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import type { MeasureOptions } from "./options.ts";
import { secondsOfImages, tilesOf, writeTiles } from "../renderings.ts";
import { report } from "./report.ts";
import { EXAMPLE, exampleTask } from "./requests.ts";

export interface ExampleTimes {
  readonly images: number;
  /** From noise to raw images, all sheets one after the other, sessions compiled. */
  readonly warmSeconds: number;
}

/**
 * The example's four sheets: cold, to PNG files with their quality cards; the same warm; and warm to
 * raw images alone.
 *
 * @throws Error if an image fails
 */
export async function timeExample(
  renderer: Renderer,
  network: AnalysedNetwork,
  options: MeasureOptions,
): Promise<ExampleTimes> {
  const tasks = await Promise.all(EXAMPLE.map((file) => exampleTask(file, network, options)));
  const draw = async () => {
    let seconds = 0;
    for (const [i, task] of tasks.entries()) {
      const rendering = await tilesOf(renderer, task);
      seconds += rendering.seconds;
      writeTiles(join(options.out, EXAMPLE[i]!.replace(".json", "")), rendering.tiles);
    }
    return seconds;
  };
  const cold = await draw();
  const tiles = await draw();
  // quality cards have sessions of their own, which may have taken the place of others
  await secondsOfImages(renderer, tasks);
  const warmSeconds = await secondsOfImages(renderer, tasks);
  const images = tasks.reduce((sum, { channels }) => sum + channels.length, 0);
  report("example", `${images} images`, {
    warmS: warmSeconds.toFixed(2),
    warmWithCardsAndPngS: tiles.toFixed(2),
    coldWithCardsAndPngS: cold.toFixed(2),
  });
  return { images, warmSeconds };
}
