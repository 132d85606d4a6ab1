import { Command, InvalidArgumentError, Option } from "commander";

import type { AtlasGrid } from "../../lib/pipeline/dataset/activation-atlas.ts";
import { ATLAS_GRID, PLACES_OF_PHOTOGRAPH } from "../../lib/pipeline/limits.ts";
import {
  addDrawingOptions,
  layerOption,
  networkArgument,
  path,
  seedOption,
  wholeNumber,
} from "./options.ts";
import type { ActivationAtlasFlags } from "./run-activation-atlas.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid activation-atlas`: what a layer makes of many photographs, laid so that it is alike. */
export function activationAtlasCommand(terminal: Terminal): Command {
  const atlas = new Command("activation-atlas")
    .description(
      "draw what a layer makes of many photographs, on a grid where neighbours are alike",
    )
    .addArgument(networkArgument())
    .addOption(layerOption())
    .requiredOption("--photos <folder>", "PNG, JPEG or WebP files, hundreds or more", path)
    .addOption(
      new Option("--grid <size>", "columns and rows of pictures")
        .argParser(gridSize)
        .default(ATLAS_GRID, `${ATLAS_GRID.columns}x${ATLAS_GRID.rows}`),
    )
    .option(
      "--places <count>",
      "places of the layer's map to take from each photograph",
      wholeNumber(1, 10_000),
      PLACES_OF_PHOTOGRAPH,
    )
    .addOption(seedOption())
    .option("--out <folder>", "where the atlas goes", path, "dreams")
    .option("--open", "show the report at the end, in the browser or what BROWSER names")
    .addHelpText(
      "after",
      `
    dreamgrid activation-atlas googlenet --layer inception_4c-output --photos ~/Pictures

It writes NETWORK-LAYER-activation-atlas.npy, a direction of the layer for each picture, .json, the
request that draws them, and what dream writes; dream NAME.json draws it again, with other fields
if you like. What was said of a file's pixels and inputs is to be said again then, for no request
has it. The same photographs and seed make the same atlas.

The command atlas is another thing: the channels of every layer.`,
    )
    .action(async (network: string, flags: ActivationAtlasFlags) => {
      const { runActivationAtlas } = await import("./run-activation-atlas.ts");
      await runActivationAtlas(network, flags, terminal);
    });
  return addDrawingOptions(atlas);
}

/** Parser of "12x8": columns and rows. */
function gridSize(text: string): AtlasGrid {
  const [, columns, rows] = /^([1-9]\d{0,2})x([1-9]\d{0,2})$/.exec(text) ?? [];
  if (columns !== undefined) return { columns: Number(columns), rows: Number(rows) };
  throw new InvalidArgumentError("want COLUMNSxROWS, such as 12x8.");
}
