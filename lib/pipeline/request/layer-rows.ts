import { hasChannels, type Layer } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { suggestionsOf } from "./suggestion.ts";
import type { Suggestion } from "./suggestion-schema.ts";

/** One row of the layer table as JSON: what `analyze --json` prints and the API answers. */
export interface LayerRow extends Pick<
  Layer,
  "index" | "name" | "type" | "quantised" | "channels" | "channelAxis" | "learnableCount" | "module"
> {
  /** Of one image; `null` for an operator of which they are not counted. */
  readonly multiplyAdds: number | null;
  /** Size of the output, [N, C, ...]; `null` if it cannot be told. */
  readonly activations: number[] | null;
  readonly learnables: { name: string; shape: number[] }[];
  readonly aliases: string[];
  readonly inputs: number[];
  /** Whether an image can be rendered of each of its channels. */
  readonly renderable: boolean;
  /** Why not. */
  readonly problem: string | null;
  /** How they are drawn best; `null` where they cannot be. */
  readonly suggestion: Suggestion | null;
}

/** A network's layer table. @throws DescriptionError for a recipe that no request could have */
export function layerRows(network: AnalysedNetwork): LayerRow[] {
  const suggestionOf = suggestionsOf(network);
  return network.layers.map((layer) => {
    const problem = network.problems.get(layer.index) ?? null;
    return {
      index: layer.index,
      name: layer.name,
      type: layer.type,
      quantised: layer.quantised,
      activations: layer.shape && [...layer.shape],
      channels: layer.channels,
      channelAxis: layer.channelAxis,
      learnables: layer.learnables.map(({ name, shape }) => ({ name, shape: [...shape] })),
      learnableCount: layer.learnableCount,
      multiplyAdds: layer.node?.multiplyAdds ?? null,
      aliases: [...layer.aliases],
      inputs: [...layer.inputs],
      module: layer.module,
      renderable: problem === null,
      problem,
      suggestion: problem === null && hasChannels(layer) ? suggestionOf(layer) : null,
    };
  });
}
