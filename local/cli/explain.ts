import { Command } from "commander";

import { addInputOptions } from "./input-options.ts";
import { addDrawingOptions, networkArgument, path, wholeNumber } from "./options.ts";
import type { ExplainFlags } from "./run-explain.ts";
import type { Terminal } from "./terminal.ts";

/** Pictures in a row beside the photograph, on a screen. */
const DEFAULT_TOP = 6;
const MOST_TOP = 100;

/** `dreamgrid explain NETWORK PHOTO`: what in a photograph speaks for a class, and where. */
export function explainCommand(terminal: Terminal): Command {
  const explain = new Command("explain")
    .description("why a network sees a class in a photograph: where, and by which channels")
    .addArgument(networkArgument())
    .argument("<photo>", "PNG, JPEG or WebP file", path)
    .option("--class <class>", "name or 1-based index (default: what the network sees most)")
    .option(
      "--layer <layer>",
      "whose channels speak for it, by name or index (default: the last with a map, or with patches that speak)",
    )
    .option(
      "--top <count>",
      "so many channels, those that contribute most",
      wholeNumber(1, MOST_TOP),
      DEFAULT_TOP,
    )
    .option("--out <folder>", "where the results go", path, "dreams")
    .option("--open", "show the explanation at the end, in what BROWSER names or the browser")
    .addHelpText(
      "after",
      `
    dreamgrid explain emojinet photo.jpg
    dreamgrid explain net.onnx photo.jpg --class tiger --layer layer3

The class's score is shared out among the layer's channels and places: gradient times activation.
The channels that contribute most are drawn, as dream draws them, and each picture stands above the
photograph with the places that the channel speaks from lit.`,
    )
    .action(async (network: string, photo: string, flags: ExplainFlags) => {
      const { runExplain } = await import("./run-explain.ts");
      await runExplain(network, photo, flags, terminal);
    });
  addDrawingOptions(explain);
  addInputOptions(explain);
  return explain;
}
