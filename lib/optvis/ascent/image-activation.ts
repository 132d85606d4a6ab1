import type { Planes, Size } from "../../image/raster.ts";
import { shrinkPlanes } from "../../image/resize.ts";
import { type FloatTensor, floatTensor } from "../../onnx/tensor.ts";
import { imageShapeOf, type NetworkModel, type TargetLayer } from "../graph/layer-pass.ts";
import { passGraph } from "../runtime/session-graph.ts";
import type { AscentEngine } from "./engine.ts";
import { asNetworkInput } from "./network-planes.ts";
import { floatOutput } from "./outputs.ts";
import { pixelAt, type Place } from "./target.ts";

/** A layer, and the size of the images that its network sees. */
export interface LayerAtSize {
  readonly engine: Pick<AscentEngine, "evaluate">;
  readonly network: NetworkModel;
  readonly layer: TargetLayer;
  /** That the image is resized to, as the network is to see it. */
  readonly size: Size;
}

/**
 * What a layer makes of an image: [C, ...].
 *
 * @param image planes in the network's channel order, in units of 0..255 less the network's mean
 * @throws ShapeMismatchError if the network does not take images of that size; RuntimeError
 */
export async function imageActivation(
  { engine, network, layer, size }: LayerAtSize,
  image: Planes,
): Promise<FloatTensor> {
  const data = asNetworkInput(shrinkPlanes(image, size), network);
  const shape = imageShapeOf(network.model, 1, size);
  const graph = passGraph({ network, layer }, shape, "cpu", { kind: "layer" });
  const outputs = await engine.evaluate(graph, { image: floatTensor(shape, data) });
  const value = floatOutput(outputs, "value");
  return floatTensor(value.shape.slice(1), value.data);
}

/** [C]: what stands at one place of a map [C, H, W]. */
export function vectorAt({ shape, data }: FloatTensor, place: Place): FloatTensor {
  const [channels = 1, height = 1, width = 1] = shape;
  const at = pixelAt(place, [height, width]);
  return floatTensor(
    [channels],
    Array.from({ length: channels }, (_, c) => data[c * height * width + at]!),
  );
}
