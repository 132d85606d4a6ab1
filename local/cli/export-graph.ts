import { Command } from "commander";

import type { Provider } from "../../lib/autodiff/rule.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { ascentGraph } from "../../lib/optvis/ascent-graph.ts";
import { differentiableGraph } from "../../lib/optvis/differentiable-graph.ts";
import { layerPass } from "../../lib/optvis/layer-pass.ts";
import type { Objective } from "../../lib/optvis/objectives.ts";
import { planLevels } from "../../lib/optvis/plan-levels.ts";
import { noteAssumptions, openLayer } from "./network.ts";
import {
  layerOption,
  networkOption,
  objectiveOption,
  providerOption,
  wholeNumber,
} from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { writeWhole } from "./write-whole.ts";

interface ExportFlags {
  readonly network: string;
  readonly layer: string;
  readonly size?: number;
  readonly batch: number;
  readonly provider: Provider;
  readonly objective: Objective;
  readonly ascent?: boolean;
  readonly out: string;
}

/** `dreamgrid export-graph`: the graph we differentiate with, as an .onnx file of plain operators. */
export function exportGraphCommand(terminal: Terminal): Command {
  return new Command("export-graph")
    .description("write the differentiable graph of a layer as an .onnx file")
    .addOption(networkOption())
    .addOption(layerOption())
    .option(
      "--size <pixels>",
      "side of the image (default: the network's own)",
      wholeNumber(1, 4096),
    )
    .option("--batch <images>", "images in a batch, N", wholeNumber(1, 1024), 1)
    .addOption(providerOption())
    .addOption(objectiveOption("mean"))
    .option("--ascent", "write the whole ascent as one Loop instead")
    .requiredOption("--out <file>", "where to write it")
    .addHelpText(
      "after",
      `
The differentiable graph has inputs image [N,3,H,W] (network input units) and selection [N,C] (one-hot
rows), outputs activation [N] and gradient [N,3,H,W]; with the objective mean the gradient is that of
the activation. With --ascent: inputs image, selection, iterations (int64) and step (1), and shifts
(int64 [iterations,2]) where the network sees tiles; outputs image_out, activations [iterations,N] and
gradient_rms; its image is in units of 0..255 less the network's mean.`,
    )
    .action((flags: ExportFlags) => exportGraph(flags, terminal));
}

async function exportGraph(flags: ExportFlags, terminal: Terminal): Promise<void> {
  const opened = await openLayer(flags.network, flags.layer, terminal);
  const { model, layer } = opened;
  const { objective, provider, batch } = flags;
  const size = flags.size ? { height: flags.size, width: flags.size } : model.inputSize;
  const [level] = planLevels(model, layer, { size, pyramidLevels: 1, pyramidScale: 2 });
  const tiles = level!.tiles;

  let graph: Graph;
  if (flags.ascent) {
    const seen = tiles ?? size;
    graph = ascentGraph({
      pass: layerPass(model.model, layer, [batch, 3, seen.height, seen.width]),
      objective,
      provider,
      scale: model.scale,
      tiling: tiles && { imageSize: size, plan: tiles, blend: "feathered" },
    });
  } else {
    const pass = layerPass(model.model, layer, [batch, 3, size.height, size.width]);
    graph = differentiableGraph(pass, { objective, provider });
  }
  const bytes = encodeModel(graph);
  await writeWhole(new Map([[flags.out, bytes]]));
  terminal.print(
    `${flags.out}: ${graph.nodes.length} nodes, ${(bytes.length / 1e6).toFixed(1)} MB`,
  );
  noteAssumptions(opened, terminal);
}
