import { Command } from "commander";

import { networkArgument, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid labels NETWORK [INDEX...]`: which class each channel of the classifier is. */
export function labelsCommand(terminal: Terminal): Command {
  return new Command("labels")
    .description("show the names of a network's classes, by which requests can name channels")
    .addArgument(networkArgument())
    .argument("[index...]", "1-based; all without any", (text, before?: readonly number[]) => [
      ...(before ?? []),
      wholeNumber(1)(text),
    ])
    .action(async (idOrPath: string, indices: readonly number[] | undefined) => {
      const { runLabels } = await import("./run-labels.ts");
      await runLabels(idOrPath, indices ?? [], terminal);
    });
}
