import { Command, InvalidArgumentError } from "commander";

import { PIXEL_DEFAULTS } from "../../lib/optvis/quality/pixel-options.ts";
import { addDrawingOptions, networkArgument, path, wholeNumber } from "./options.ts";
import type { ExplainFlags } from "./run-explain.ts";
import type { Terminal } from "./terminal.ts";

/** Pictures in a row beside the photograph, on a screen. */
const DEFAULT_TOP = 6;
const MOST_TOP = 100;

const MOST_STEPS = 4096;

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
    .option("--pixels", "which pixels speak for it, and which against it, as well")
    .option(
      "--steps <count>",
      `images that are looked at for --pixels, on the way from grey to the photograph (default: ${PIXEL_DEFAULTS.steps})`,
      wholeNumber(1, MOST_STEPS),
    )
    .option(
      "--noise <share>",
      `of 0..255, the deviation of the noise that lies on these images; 0: plain integrated gradients (default: ${PIXEL_DEFAULTS.noise})`,
      shareOfRange,
    )
    .option("--out <folder>", "where the results go", path, "dreams")
    .option("--open", "show the explanation at the end, in what BROWSER names or the browser")
    .addHelpText(
      "after",
      `
    dreamgrid explain emojinet photo.jpg
    dreamgrid explain net.onnx photo.jpg --class tiger --layer layer3
    dreamgrid explain net.onnx photo.jpg --pixels

The class's score is shared out among the layer's channels and places: gradient times activation.
The channels that contribute most are drawn, as dream draws them, and each picture stands above the
photograph with the places that the channel speaks from lit.

With --pixels it is shared out among pixels too: integrated gradients, averaged under noise
(SmoothGrad). The sheet has them in red where they speak for the class, in blue where against it, and
NAME.pixels.npy as numbers [planes,H,W]. They should add up to what the score gains from grey to the
photograph; how far off they are is said, and more steps bring them nearer.`,
    )
    .action(async (network: string, photo: string, flags: ExplainFlags) => {
      const { runExplain } = await import("./run-explain.ts");
      await runExplain(network, photo, flags, terminal);
    });
  return addDrawingOptions(explain);
}

function shareOfRange(text: string): number {
  const share = Number(text);
  if (text.trim() !== "" && share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError("want a number from 0 to 1.");
}
