import { Command } from "commander";

import { surveyGradients } from "../../lib/autodiff/gradient.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import type { Layer } from "../../lib/onnx/layers.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { openForCommand, type OpenedNetwork } from "./network.ts";
import { table, type Terminal } from "./terminal.ts";

/** `dreamgrid analyze NETWORK`: the layer table, as MATLAB's analyzeNetwork shows it. */
export function analyzeCommand(terminal: Terminal): Command {
  return new Command("analyze")
    .description("show a network's layers: index, name, type, sizes, and what can be visualised")
    .argument("<network>", "id of a network, or path of an .onnx file")
    .option("--json", "print the table as JSON")
    .action(async (idOrPath: string, { json }: { readonly json?: boolean }) => {
      const opened = await openForCommand(idOrPath, terminal);
      const problems = visualisationProblems(opened);
      if (json) terminal.print(JSON.stringify(asJson(opened, problems), null, 2));
      else printTable(opened, problems, terminal);
    });
}

/** Why a layer's channels cannot be visualised; no entry for a layer whose can. */
function visualisationProblems({
  network,
  model,
  layers,
}: OpenedNetwork): ReadonlyMap<Layer, string> {
  const { height, width } = network.manifest.input;
  const graph = specialise(model.model, [1, 3, height, width]);
  const builder = new GraphBuilder();
  const image = builder.input("image", "float32", [1, 3, height, width]);
  const pass = {
    nodes: graph.graph.nodes.filter(({ outputs }) => !outputs.some((o) => graph.problems.has(o))),
    initializers: graph.graph.initializers,
    input: graph.input,
  };
  const withoutGradient = surveyGradients(builder, image, pass);
  const problems = new Map<Layer, string>();
  for (const layer of layers) {
    const problem = graph.problems.get(layer.value) ?? withoutGradient.get(layer.value);
    if (layer.type === "Input") problems.set(layer, "it is the image itself");
    else if (problem) problems.set(layer, problem.message);
    else if (layer.channels === null) problems.set(layer, "it has no channels");
  }
  return problems;
}

function asJson({ network, layers }: OpenedNetwork, problems: ReadonlyMap<Layer, string>) {
  return {
    network: network.manifest.id,
    input: network.manifest.input,
    layers: layers.map((layer) => ({
      index: layer.index,
      name: layer.name,
      type: layer.type,
      activations: layer.shape,
      channels: layer.channels,
      learnables: layer.learnables,
      learnableCount: layer.learnableCount,
      aliases: layer.aliases,
      visualisable: !problems.has(layer),
      problem: problems.get(layer) ?? null,
    })),
  };
}

function printTable(
  { network, layers }: OpenedNetwork,
  problems: ReadonlyMap<Layer, string>,
  { print, note }: Terminal,
) {
  const rows = layers.map((layer) => [
    String(layer.index),
    layer.name,
    layer.type,
    layer.shape?.slice(1).join(" x ") ?? "?",
    layer.learnables.map(({ shape }) => shape.join(" x ")).join(", "),
    layer.learnableCount > 0 ? layer.learnableCount.toLocaleString("en-US") : "",
    problems.has(layer) ? "no" : "yes",
  ]);
  const titles = ["", "Name", "Type", "Activations", "Learnable Sizes", "Learnables", "Visualise"];
  print(table(titles, rows, [0, 5]));
  const learnables = layers.reduce((sum, { learnableCount }) => sum + learnableCount, 0);
  const { width, height, channelOrder } = network.manifest.input;
  print(
    `\n${network.manifest.id}: ${layers.length} layers, ${learnables.toLocaleString("en-US")} learnables, ` +
      `input ${width} x ${height} ${channelOrder}`,
  );
  // the first layer that lacks a gradient explains those after it
  const [first] = [...problems].filter(([layer]) => layer.type !== "Input");
  if (first) note(`layer ${first[0].index} '${first[0].name}': ${first[1]}`);
}
