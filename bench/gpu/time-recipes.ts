import { basename, join } from "node:path";

import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import type { MeasureOptions } from "./options.ts";
import { isRecognisable, type RecipeSpeed } from "./recognisable.ts";
import { tilesOf, writeTiles } from "../renderings.ts";
import { report } from "./report.ts";
import { exampleTask, RECIPES } from "./requests.ts";

/**
 * How fast each recipe of the Fourier method draws a sheet, warm, quality cards and PNG included, and
 * how many of its images are recognisable.
 *
 * @throws Error if an image fails
 */
export async function timeRecipes(
  renderer: Renderer,
  network: AnalysedNetwork,
  options: MeasureOptions,
): Promise<readonly RecipeSpeed[]> {
  const speeds: RecipeSpeed[] = [];
  for (const file of RECIPES) {
    const task = await exampleTask(file, network, options);
    const title = basename(file, ".json").replace("googlenet-", "");
    // the first run compiles the graphs
    const cold = await tilesOf(renderer, task);
    const { tiles, seconds } = await tilesOf(renderer, task);
    writeTiles(join(options.out, basename(file, ".json")), tiles);
    const recognisable = tiles.filter(({ quality }) => isRecognisable(quality)).length;
    const speed = { title, images: tiles.length, recognisable, seconds };
    report("recipe", title, {
      ...speed,
      seconds: seconds.toFixed(2),
      firstS: cold.seconds.toFixed(2),
      redrawn: tiles.filter(({ redrawn }) => redrawn).length,
    });
    speeds.push(speed);
  }
  return speeds;
}
