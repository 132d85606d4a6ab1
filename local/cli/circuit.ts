import { Command } from "commander";

import { addDrawingOptions, layerOption, networkArgument, path, wholeNumber } from "./options.ts";
import type { CircuitFlags } from "./run-circuit.ts";
import type { Terminal } from "./terminal.ts";

/** Pictures in a row on a screen. */
const DEFAULT_TOP = 6;
const MOST_TOP = 50;

/** `dreamgrid circuit NETWORK`: the channels that one is made of, and by which weights. */
export function circuitCommand(terminal: Terminal): Command {
  const circuit = new Command("circuit")
    .description("what a channel is made of: the channels that excite or inhibit it, and how")
    .addArgument(networkArgument())
    .addOption(layerOption())
    .requiredOption("--channel <channel>", "1-based, or a class by name")
    .option(
      "--from <layer>",
      "a layer further back, whose channels are looked at (default: those right before it)",
    )
    .option(
      "--top <count>",
      "so many of the channels that excite it, and of those that inhibit it",
      wholeNumber(1, MOST_TOP),
      DEFAULT_TOP,
    )
    .option("--out <folder>", "where the results go", path, "dreams")
    .option("--open", "show the sheet at the end, in what BROWSER names or the browser")
    .addHelpText(
      "after",
      `
    dreamgrid circuit emojinet --layer inception_4c-3x3 --channel 5
    dreamgrid circuit emojinet --layer inception_4c-3x3 --channel 5 --from inception_4b-output
    dreamgrid circuit net.onnx --layer fc --channel tiger

A channel is a weighted sum of channels of the layers before it. Those with the largest weights are
drawn, as dream draws them, and below each stand its weights as they lie on the map: red where it
excites, blue where it inhibits. Activation functions, pools and norms on the way are passed; where
layers are added up, the channels of all of them count. Of a first convolution the weights are one
picture, in the colours that it looks for.

With --from the weights of all layers between are multiplied out, the expanded weights: so one looks
through layers that only gather channels. What bends values on the way passes them on, a maximum over
places is their mean, and what does not come of that layer is left out.`,
    )
    .action(async (network: string, flags: CircuitFlags) => {
      const { runCircuit } = await import("./run-circuit.ts");
      await runCircuit(network, flags, terminal);
    });
  return addDrawingOptions(circuit);
}
