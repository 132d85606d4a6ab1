import { decodeModel } from "../../lib/onnx/decode.ts";
import { findLayer, type Layer, layerTable } from "../../lib/networks/layers.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";

export interface SmallNetwork {
  readonly network: NetworkModel;
  readonly layers: readonly Layer[];
  readonly layer: (name: string) => Layer;
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
  return {
    network: { model, fingerprint, inputSize: { height, width }, scale },
    layers,
    layer: (name) => findLayer(layers, name),
  };
}
