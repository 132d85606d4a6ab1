import { findLayer } from "../../lib/networks/find-layer.ts";
import type { Layer } from "../../lib/networks/layers.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { fileFacts, layerFacts } from "../../lib/pipeline/networks/layer-facts.ts";
import { layerRows } from "../../lib/pipeline/request/layer-rows.ts";
import type { InputFlags } from "./input-options.ts";
import { layerText } from "./layer-text.ts";
import { asReference, noteAssumptions, openForCommand } from "./network.ts";
import { table, type Terminal } from "./terminal.ts";

export interface AnalyzeFlags extends Pick<InputFlags, "input"> {
  /** Name or 1-based index of the one that is shown. */
  readonly layer?: string;
  readonly json?: boolean;
}

export async function runAnalyze(
  idOrPath: string,
  { layer: reference, json, input }: AnalyzeFlags,
  terminal: Terminal,
): Promise<void> {
  const opened = await openForCommand(idOrPath, terminal, { input });
  if (reference !== undefined) {
    const facts = await layerFacts(opened, findLayer(opened.layers, asReference(reference)));
    terminal.print(json ? JSON.stringify(facts, null, 2) : layerText(facts));
  } else if (json) {
    const { id: network, input: image } = opened.description;
    const layers = layerRows(opened);
    terminal.print(
      JSON.stringify({ network, input: image, file: fileFacts(opened), layers }, null, 2),
    );
  } else {
    printTable(opened, terminal);
  }
  noteAssumptions(opened, terminal);
}

/**
 * "64 x 112 x 112", or "16 of 49 x 96" of windows of tokens; and the axis of the channels where it
 * is not 1.
 */
function activationsOf({ shape, channels, channelAxis, parts }: Layer): string {
  const each = shape?.slice(1).join(" x ") ?? "?";
  const sizes = parts > 1 ? `${parts} of ${each}` : each;
  return channels === null || channelAxis === 1 ? sizes : `${sizes}, channels axis ${channelAxis}`;
}

function printTable({ description, layers, problems }: AnalysedNetwork, { print, note }: Terminal) {
  const rows = layers.map((layer) => [
    String(layer.index),
    layer.name,
    layer.quantised ? `${layer.type}, quantised` : layer.type,
    activationsOf(layer),
    layer.learnables.map(({ shape }) => shape.join(" x ")).join(", "),
    layer.learnableCount > 0 ? layer.learnableCount.toLocaleString("en-US") : "",
    problems.has(layer.index) ? "no" : "yes",
  ]);
  const titles = ["", "Name", "Type", "Activations", "Learnable Sizes", "Learnables", "Render"];
  print(table(titles, rows, [0, 5]));
  const learnables = layers.reduce((sum, { learnableCount }) => sum + learnableCount, 0);
  const { width, height, channelOrder, mean } = description.input;
  const planes = mean.length === 1 ? "grey" : `${mean.length} planes`;
  print(
    `\n${description.id}: ${layers.length} layers, ${learnables.toLocaleString("en-US")} learnables, ` +
      `input ${width} x ${height} ${channelOrder === "planes" ? planes : channelOrder}`,
  );
  // the first problem: an operator without a gradient is also that of all layers after it
  const first = layers.find(({ index, type }) => type !== "Input" && problems.has(index));
  if (first) note(`layer ${first.index} '${first.name}': ${problems.get(first.index)}`);
}
