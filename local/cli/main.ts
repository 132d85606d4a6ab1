import { Command, CommanderError } from "commander";

import { analyzeCommand } from "./analyze.ts";
import { ascendCommand } from "./ascend.ts";
import { exportGraphCommand } from "./export-graph.ts";
import { modelsCommand } from "./models.ts";
import { userMessage } from "./user-errors.ts";

/** What was asked for cannot be done; 1 is for what should not have happened. */
const EXIT_BAD_REQUEST = 2;

const program = new Command("dreamgrid")
  .description("draws what a convolutional network has learned")
  .addCommand(analyzeCommand())
  .addCommand(exportGraphCommand())
  .addCommand(ascendCommand())
  .addCommand(modelsCommand())
  .showHelpAfterError("(add --help for the options)")
  .exitOverride();
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_REQUEST;
  } else {
    const message = userMessage(error);
    if (message === null) throw error;
    process.stderr.write(`dreamgrid: ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
    process.exitCode = EXIT_BAD_REQUEST;
  }
  // worker threads of a run that failed would keep the process
  process.exit();
}
