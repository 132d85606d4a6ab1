import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { ascentGraph } from "../../lib/optvis/graph/ascent-graph.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { imageShapeOf, layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { planLevels } from "../../lib/optvis/ascent/plan-levels.ts";
import { checkNoFolders } from "./folders.ts";
import type { InputFlags } from "./input-options.ts";
import { noteAssumptions, openLayer } from "./network.ts";
import type { LayerFlags } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { several } from "../several.ts";
import { writeWhole } from "./write-whole.ts";

export interface ExportFlags extends LayerFlags, Pick<InputFlags, "input"> {
  readonly size?: number;
  readonly batch: number;
  readonly ascent?: boolean;
  readonly out: string;
}

export async function runExportGraph(flags: ExportFlags, terminal: Terminal): Promise<void> {
  await checkNoFolders([flags.out]);
  const opened = await openLayer(flags, terminal, { input: flags.input });
  const { model, layer } = opened;
  const { objective, provider, batch } = flags;
  const size = flags.size ? { height: flags.size, width: flags.size } : model.inputSize;
  const [level] = planLevels(model, layer, { size, pyramidLevels: 1, pyramidScale: 2 });
  const { crops } = level!;

  let graph: Graph;
  if (flags.ascent) {
    const seen = crops ?? size;
    graph = ascentGraph({
      method: "deepdream",
      pass: layerPass(model.model, layer, imageShapeOf(model.model, batch, seen)),
      objective,
      provider,
      scale: model.scale,
      crops: crops && { imageSize: size, plan: crops, blend: "feathered" },
    });
  } else {
    const pass = layerPass(model.model, layer, imageShapeOf(model.model, batch, size));
    graph = differentiableGraph(pass, { objective, provider });
  }
  const bytes = encodeModel(graph);
  await writeWhole([flags.out, bytes]);
  terminal.print(
    `${flags.out}: ${several(graph.nodes.length, "node")}, ${(bytes.length / 1e6).toFixed(1)} MB`,
  );
  noteAssumptions(opened, terminal);
}
