import { Command } from "commander";

import { constantOption } from "./input-options.ts";
import { networkArgument } from "./options.ts";
import type { AnalyzeFlags } from "./run-analyze.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid analyze NETWORK`: the layer table, as MATLAB's analyzeNetwork shows it. */
export function analyzeCommand(terminal: Terminal): Command {
  return new Command("analyze")
    .description("show a network's layers: index, name, type, sizes, and which can be rendered")
    .addArgument(networkArgument())
    .addOption(constantOption())
    .option("--layer <layer>", "the node of one layer instead, as the file has it")
    .option("--json", "print it as JSON")
    .action(async (idOrPath: string, flags: AnalyzeFlags) => {
      const { runAnalyze } = await import("./run-analyze.ts");
      await runAnalyze(idOrPath, flags, terminal);
    });
}
