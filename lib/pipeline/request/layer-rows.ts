import type { Layer } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { layerRoles } from "./layer-role.ts";
import { METHOD_BY_ROLE, type Suggestion } from "./method-by-role.ts";

/** One row of the layer table as JSON: what `analyze --json` prints and the API answers. */
export interface LayerRow extends Pick<
  Layer,
  "index" | "name" | "type" | "quantised" | "channels" | "channelAxis" | "learnableCount" | "module"
> {
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

export function layerRows({
  layers,
  problems,
  model,
}: Pick<AnalysedNetwork, "layers" | "problems" | "model">): LayerRow[] {
  const roleOf = layerRoles(model.model.graph);
  return layers.map((layer) => {
    const problem = problems.get(layer.index) ?? null;
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
      aliases: [...layer.aliases],
      inputs: [...layer.inputs],
      module: layer.module,
      renderable: problem === null,
      problem,
      suggestion: problem === null ? METHOD_BY_ROLE[roleOf(layer)] : null,
    };
  });
}
