import { hasChannels, type Layer } from "../../networks/layers.ts";
import type { AxisField } from "../../networks/axis-field.ts";
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
  /**
   * Pixels of the image that a place of the map looks at, those outside it too; `null` where there
   * are no places, or each looks everywhere.
   */
  readonly receptiveField: { rows: number; columns: number } | null;
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
      receptiveField: fieldSize(layer),
      aliases: [...layer.aliases],
      inputs: [...layer.inputs],
      module: layer.module,
      renderable: problem === null,
      problem,
      suggestion: problem === null && hasChannels(layer) ? suggestionOf(layer) : null,
    };
  });
}

function fieldSize({ receptiveField }: Layer): LayerRow["receptiveField"] {
  const along = (axis: AxisField["imageAxis"]) => {
    const field = receptiveField.find((each) => each?.imageAxis === axis);
    return field?.isEverywhere ? null : field?.size;
  };
  const [rows, columns] = [along("rows"), along("columns")];
  return rows && columns ? { rows: wholePixels(rows), columns: wholePixels(columns) } : null;
}

/** Between places that were resized there are parts of pixels; what is less is rounding. */
const wholePixels = (pixels: number) => Math.ceil(pixels - 1e-6);
