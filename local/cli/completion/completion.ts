import { Argument, Command } from "commander";

import type { Terminal } from "../terminal.ts";
import { commandPlaces } from "./command-tree.ts";
import { completionScript, type Shell, SHELLS } from "./shells.ts";

/**
 * `dreamgrid completion SHELL`: what a shell sources to complete our command line.
 *
 * @param complete adds what commands have only once they are asked for
 */
export function completionCommand(terminal: Terminal, complete: () => Promise<void>): Command {
  return new Command("completion")
    .description("print what a shell needs to complete dreamgrid's words")
    .addArgument(new Argument("<shell>", "the shell that is to complete them").choices(SHELLS))
    .addHelpText(
      "after",
      `
For the shell that is running, or in its start-up file for all:

    source <(dreamgrid completion bash)
    source <(dreamgrid completion zsh)
    dreamgrid completion fish | source`,
    )
    .action(async (shell: Shell, _: unknown, command: Command) => {
      const program = command.parent!;
      await complete();
      terminal.print(completionScript(shell, commandPlaces(program)));
    });
}
