import { Command } from "commander";

import { MAX_IMAGE_SIDE_PX } from "../../lib/pipeline/limits.ts";
import { constantOption } from "./input-options.ts";
import {
  channelAxisOption,
  layerOption,
  networkOption,
  objectiveOption,
  path,
  providerOption,
  wholeNumber,
} from "./options.ts";
import type { ExportFlags } from "./run-export-graph.ts";
import type { Terminal } from "./terminal.ts";

/** `dreamgrid export-graph`: the differentiable graph, an .onnx file of plain operators. */
export function exportGraphCommand(terminal: Terminal): Command {
  return new Command("export-graph")
    .description("write the differentiable graph of a layer as an .onnx file")
    .addOption(networkOption())
    .addOption(constantOption())
    .addOption(layerOption())
    .addOption(channelAxisOption())
    .option(
      "--size <pixels>",
      "side of the image (default: the network's own)",
      wholeNumber(1, MAX_IMAGE_SIDE_PX),
    )
    .option("--batch <images>", "images in a batch, N", wholeNumber(1, 1024), 1)
    .addOption(providerOption())
    .addOption(objectiveOption())
    .option("--ascent", "write the whole ascent as one Loop instead")
    .requiredOption("--out <file>", "where to write it", path)
    .addHelpText(
      "after",
      `
The differentiable graph has inputs image [N,planes,H,W] (network input units) and selection [N,C]
(one-hot rows), outputs activation [N] and gradient [N,planes,H,W]: with the objective mean that of
the activation, with rectified that of what exceeds it, in the channel's map. With --ascent: inputs
image, selection, iterations (int64) and step (1), and shifts (int64 [iterations,2]) where the
network sees crops; outputs image_out, activations [iterations,N] and gradient_rms; its image is in
units of 0..255 less the network's mean.`,
    )
    .action(async (flags: ExportFlags) => {
      const { runExportGraph } = await import("./run-export-graph.ts");
      await runExportGraph(flags, terminal);
    });
}
