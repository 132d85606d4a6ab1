import type { Planes } from "../../image/raster.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { AscentEngine } from "../ascent/engine.ts";
import { toNetworkPlanes } from "../ascent/network-planes.ts";
import { floatOutput } from "../ascent/outputs.ts";
import { joinedLayer } from "../graph/joined-layer.ts";
import { type CountedLayer, imageShapeOf, type NetworkModel } from "../graph/layer-pass.ts";
import { passGraph } from "../runtime/session-graph.ts";

/** How strongly an image excites each channel of a layer, and where most. */
export interface LayerMaxima {
  /** [C]: the largest value of each channel's map. */
  readonly maxima: Float32Array;
  /** [C]: where it is, counted along the map row by row from 0. */
  readonly places: Float32Array;
}

/**
 * How strongly an image excites the channels of several layers, in one forward pass.
 *
 * @param image planes of 0..255 of the network's input size, red, green and blue if they are colours
 * @returns of each layer
 * @throws RuntimeError
 */
export async function layerMaxima(
  engine: Pick<AscentEngine, "evaluate">,
  network: NetworkModel,
  layers: readonly CountedLayer[],
  image: Planes,
): Promise<readonly LayerMaxima[]> {
  const { model, scale } = network;
  const shape = imageShapeOf(model, 1, image);
  const recipe = { kind: "maxima", scale, provider: "cpu" } as const;
  const graph = passGraph({ network, layer: joinedLayer(layers) }, shape, "cpu", recipe);
  const seen = toNetworkPlanes(image, network).data;
  const outputs = await engine.evaluate(graph, { image: floatTensor(shape, seen) }, ["image"]);
  const [maxima, places] = ["maxima", "places"].map((name) => floatOutput(outputs, name).data);
  let before = 0;
  return layers.map(({ channels }) => {
    const range = [before, (before += channels)] as const;
    return { maxima: maxima!.subarray(...range), places: places!.subarray(...range) };
  });
}
