import { Command } from "commander";

import { DEFAULT_ATLAS_CHANNELS } from "../../lib/pipeline/atlas/default-channels.ts";
import { addDrawingOptions, networkArgument, path } from "./options.ts";
import type { AtlasFlags } from "./run-atlas.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid atlas`: the whole network, a sheet for each of its layers. */
export function atlasCommand(terminal: Terminal): Command {
  const atlas = new Command("atlas")
    .description("draw the whole network, a sheet for each of its layers, and a report of them all")
    .addArgument(networkArgument())
    .option(
      "--layers <layers...>",
      "names or 1-based indices (default: every convolution, and the classifier)",
    )
    .option(
      "--channels <channels>",
      "channels of each layer, as far as it has them",
      DEFAULT_ATLAS_CHANNELS,
    )
    .option("--out <folder>", "where the sheets go (default: dreams/NETWORK-atlas)", path)
    .option("--yes", "go on though it takes more than an hour")
    .option("--open", "show the report at the end, in the browser or what BROWSER names")
    .addHelpText(
      "after",
      `
    dreamgrid atlas emojinet --channels 1:16

It says first how long it will take. Each layer is drawn as suits it, as dream --layer does. The
same command again goes on where it was stopped: what has been rendered is not rendered again.`,
    )
    .action(async (network: string, flags: AtlasFlags) => {
      const { runAtlas } = await import("./run-atlas.ts");
      await runAtlas(network, flags, terminal);
    });
  return addDrawingOptions(atlas);
}
