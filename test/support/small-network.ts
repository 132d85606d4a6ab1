import { decodeModel } from "../../lib/onnx/decode.ts";
import { findLayer } from "../../lib/networks/find-layer.ts";
import { type Layer, layerTable } from "../../lib/networks/layers.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import type { AscentTask } from "../../lib/optvis/ascent/task.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";

export interface SmallNetwork {
  readonly network: NetworkModel;
  readonly layers: readonly Layer[];
  readonly layer: (name: string) => Layer;
  /** A layer with channels, as an ascent wants it. */
  readonly target: (name: string) => AscentTask["layer"];
}

/** A network from the bytes of its file, as the engine wants it. */
export function smallNetwork(
  bytes: Uint8Array,
  fingerprint: string,
  { height, width }: { readonly height: number; readonly width: number },
  scale: readonly [number, number, number] = [1, 1, 1],
): SmallNetwork {
  const model = decodeModel(bytes);
  const layers = layerTable(model, specialise(model, [1, 3, height, width]));
  const layer = (name: string) => findLayer(layers, name);
  return {
    network: {
      model,
      fingerprint,
      inputSize: { height, width },
      scale,
      mean: [0, 0, 0],
      planes: [0, 1, 2],
    },
    layers,
    layer,
    target: (name) => {
      const { value, channels } = layer(name);
      if (channels === null) throw new Error(`layer '${name}' has no channels`);
      return { value, name, channels };
    },
  };
}
