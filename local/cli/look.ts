import { Command } from "commander";

import { path, wholeNumber } from "./options.ts";
import type { LookFlags } from "./run-look.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid NETWORK`: a first look at a network, with nothing to be decided. */
export function lookCommand(terminal: Terminal): Command {
  return new Command("look")
    .description(
      "a first look at a network: a sheet each of an early, two middle and the last layer",
    )
    .usage("[options] <network>")
    .argument("[network...]", "id of a network, or path of an .onnx file; look may be left out")
    .option("--out <folder>", "where the sheets go", path, "dreams")
    .option("--threads <count>", "worker threads (default: one per core)", wholeNumber(1, 1024))
    .option("--open", "show the report in the browser; the default where someone watches")
    .option("--no-open", "only write it")
    .option("--json", "write what happens to standard output, an event as JSON on each line")
    .option("--quiet", "write nothing but the sheets' names and errors")
    .addHelpText(
      "after",
      `
    dreamgrid net.onnx

It says which layers it chose and how it draws them; dream draws any others. The report is there
with the first picture and fills as others come.`,
    )
    .action(async (words: readonly string[], flags: LookFlags, command: Command) => {
      const program = command.parent!;
      if (words.length === 0) program.help({ error: true });
      const { runLook } = await import("./run-look.ts");
      const commands = program.commands.map((each) => each.name());
      await runLook(words, flags, { terminal, commands });
    });
}

/** Adds the options about a network's pixels; what checks them is loaded for this command alone. */
export async function addLookOptions(look: Command): Promise<void> {
  const { constantOption, inputOptions } = await import("./input-options.ts");
  for (const option of [...inputOptions(), constantOption()]) look.addOption(option);
}
