import { Command } from "commander";

import { path, wholeNumber } from "./options.ts";
import type { DreamFlags } from "./run-dream.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid dream`: requests to sheets, through the whole pipeline in this process. */
export function dreamCommand(terminal: Terminal): Command {
  return new Command("dream")
    .description(
      "render the sheets that requests ask for, through the whole pipeline on this machine",
    )
    .argument("[request.json...]", "request files (default: the four emojinet examples)")
    .option("--out <folder>", "where the sheets go", path, "dreams")
    .option(
      "--data <folder>",
      "where the pipeline keeps its objects (default: OUT/.pipeline)",
      path,
    )
    .option("--threads <count>", "worker threads (default: one per core)", wholeNumber(1, 1024))
    .addHelpText(
      "after",
      `
For request NAME.json it writes NAME.png (the sheet), NAME.manifest.json (what is where on it, with
each image's activation trace) and NAME.tiles/ (each image; .npy too where output scaling is off).
The same request again is the same job: what has been rendered is not rendered again.`,
    )
    .action(async (files: readonly string[], flags: DreamFlags) => {
      const { runDream } = await import("./run-dream.ts");
      await runDream(files, flags, terminal);
    });
}
