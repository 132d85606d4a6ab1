import { Command } from "commander";

import { addDrawingOptions, path } from "./options.ts";
import type { LookFlags } from "./run-look.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid NETWORK`: a first look at a network, with nothing to be decided. */
export function lookCommand(terminal: Terminal): Command {
  const look = new Command("look")
    .description(
      "a first look at a network: a sheet each of an early, two middle and the last layer",
    )
    .usage("[options] <network>")
    .argument("[network...]", "id of a network, or path of an .onnx file; look may be left out")
    .option("--out <folder>", "where the sheets go", path, "dreams")
    .option("--open", "show the report in the browser; the default in a terminal")
    .option("--no-open", "only write it")
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
  return addDrawingOptions(look);
}
