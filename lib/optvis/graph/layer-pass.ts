import type { Size } from "../../image/raster.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { ShapeMismatchError } from "../../onnx/errors.ts";
import type { Model, Value } from "../../onnx/model.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import type { LayerPass } from "./differentiable-graph.ts";

/** What an ascent needs to know of a network. */
export interface NetworkModel {
  readonly model: Model;
  /** Names the exact weights, such as their SHA-256; two models never share one. */
  readonly fingerprint: string;
  /** Size the network was made for; the only one it accepts where its head has a fixed size. */
  readonly inputSize: Size;
  /** Network input = centred pixel * scale, per plane in the network's channel order. */
  readonly scale: readonly [number, number, number];
}

/** The layer of a network whose channels are rendered. */
export interface TargetLayer {
  /** Its output tensor. */
  readonly value: Value;
  /** As people know it, for messages. */
  readonly name: string;
  /** Length of axis 1; `null` where the layer has no channels, and so cannot be rendered. */
  readonly channels: number | null;
}

/**
 * The part of a network from image to layer, at one image size.
 *
 * @throws ShapeMismatchError if the network does not take images of that size; ModelError if an
 *   operator on the way is not known.
 */
export function layerPass(
  model: Model,
  layer: Pick<TargetLayer, "value" | "name">,
  imageShape: readonly [n: number, c: number, h: number, w: number],
): LayerPass {
  const graph = specialise(model, imageShape);
  const nodes = cutAt(graph, layer.value);
  const shape = graph.facts.get(layer.value)?.shape;
  const channels = shape?.[1];
  if (shape === undefined || channels === undefined) {
    throw new ShapeMismatchError(
      `layer '${layer.name}' has shape [${shape?.join(", ") ?? "?"}] where [N, channels, ...] is wanted; choose another layer`,
    );
  }
  return {
    nodes,
    initializers: graph.graph.initializers,
    input: graph.input,
    layer: layer.value,
    layerName: layer.name,
    imageShape,
    channels,
  };
}

/** Names a pass, so that a session compiled for it is found again. */
export function passKey(
  network: NetworkModel,
  layer: Pick<TargetLayer, "value">,
  imageShape: readonly number[],
  provider: Provider,
): string {
  return [network.fingerprint, layer.value, imageShape.join("x"), provider].join(" ");
}
