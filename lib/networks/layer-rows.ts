import type { Layer } from "./layers.ts";

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
}

/** @param problems why a layer's channels cannot be rendered, by the layer's index */
export function layerRows(
  layers: readonly Layer[],
  problems: ReadonlyMap<number, string>,
): LayerRow[] {
  return layers.map((layer) => ({
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
    renderable: !problems.has(layer.index),
    problem: problems.get(layer.index) ?? null,
  }));
}
