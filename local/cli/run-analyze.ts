import { visualisationProblems } from "../../lib/pipeline/networks/layer-problems.ts";
import { noteAssumptions, openForCommand, type OpenedNetwork } from "./network.ts";
import { table, type Terminal } from "./terminal.ts";

export interface AnalyzeFlags {
  readonly json?: boolean;
}

export async function runAnalyze(
  idOrPath: string,
  { json }: AnalyzeFlags,
  terminal: Terminal,
): Promise<void> {
  const opened = await openForCommand(idOrPath, terminal);
  const problems = visualisationProblems(opened);
  if (json) terminal.print(JSON.stringify(asJson(opened, problems), null, 2));
  else printTable(opened, problems, terminal);
  noteAssumptions(opened, terminal);
}

function asJson({ network, layers }: OpenedNetwork, problems: ReadonlyMap<number, string>) {
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
      visualisable: !problems.has(layer.index),
      problem: problems.get(layer.index) ?? null,
    })),
  };
}

function printTable(
  { network, layers }: OpenedNetwork,
  problems: ReadonlyMap<number, string>,
  { print, note }: Terminal,
) {
  const rows = layers.map((layer) => [
    String(layer.index),
    layer.name,
    layer.type,
    layer.shape?.slice(1).join(" x ") ?? "?",
    layer.learnables.map(({ shape }) => shape.join(" x ")).join(", "),
    layer.learnableCount > 0 ? layer.learnableCount.toLocaleString("en-US") : "",
    problems.has(layer.index) ? "no" : "yes",
  ]);
  const titles = ["", "Name", "Type", "Activations", "Learnable Sizes", "Learnables", "Visualise"];
  print(table(titles, rows, [0, 5]));
  const learnables = layers.reduce((sum, { learnableCount }) => sum + learnableCount, 0);
  const { width, height, channelOrder } = network.manifest.input;
  print(
    `\n${network.manifest.id}: ${layers.length} layers, ${learnables.toLocaleString("en-US")} learnables, ` +
      `input ${width} x ${height} ${channelOrder}`,
  );
  // the first problem: an operator without a gradient is also that of all layers after it
  const first = layers.find(({ index, type }) => type !== "Input" && problems.has(index));
  if (first) note(`layer ${first.index} '${first.name}': ${problems.get(first.index)}`);
}
