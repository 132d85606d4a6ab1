import { Command } from "commander";

import { MAX_PYRAMID_LEVELS } from "../../lib/pipeline/limits.ts";
import { constantOption } from "./input-options.ts";
import {
  channelAxisOption,
  layerOption,
  networkOption,
  objectiveOption,
  path,
  providerOption,
  scaleFactor,
  threadsOption,
  wholeNumber,
} from "./options.ts";
import type { AscendFlags } from "./run-ascend.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid ascend`: one raw run, without random shifts, for checks from outside. */
export function ascendCommand(terminal: Terminal): Command {
  return new Command("ascend")
    .description("run one ascent as it is, without random shifts, and write its numbers")
    .addOption(networkOption())
    .addOption(constantOption())
    .addOption(layerOption())
    .addOption(channelAxisOption())
    .requiredOption("--channels <channels...>", "1-based indices and ranges: 1 2 5, 1:36")
    .addOption(objectiveOption())
    .option("--iterations <count>", "iterations per pyramid level", wholeNumber(1, 100_000), 10)
    .option("--levels <count>", "pyramid levels", wholeNumber(1, MAX_PYRAMID_LEVELS), 1)
    .option("--scale <factor>", "scale between levels", scaleFactor, 1.4)
    .option(
      "--init <file.npy>",
      "initial images, float32 [N,planes,H,W] (default: standard-normal noise on mid-grey)",
      path,
    )
    .addOption(providerOption())
    .addOption(threadsOption())
    .requiredOption("--out <folder>", "where image.npy and activation.npy go", path)
    .addHelpText(
      "after",
      `
Writes image.npy [N,planes,H,W] in network input units and activation.npy [iterations of all levels,
N].`,
    )
    .action(async (flags: AscendFlags) => {
      const { runAscend } = await import("./run-ascend.ts");
      await runAscend(flags, terminal);
    });
}
