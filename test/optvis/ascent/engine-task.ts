import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import type { Tensor } from "../../../lib/onnx/tensor.ts";
import type { ChannelDream, DreamTask } from "../../../lib/optvis/ascent/task.ts";
import { octaveSizes } from "../../../lib/optvis/ascent/level-sizes.ts";
import { sketch } from "../../support/onnx-writer.ts";
import { type SmallNetwork, smallNetwork } from "../../support/small-network.ts";

export type Dream = Extract<ChannelDream, { kind: "image" }>;

/** A network written in the test, with one output `y`. */
export function networkOf(
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>>,
  size: { readonly height: number; readonly width: number },
): SmallNetwork {
  const inputs = { image: [1, 3, size.height, size.width] };
  const graph = sketch({ inputs, nodes, outputs: ["y"], initializers });
  return smallNetwork(encodeModel(graph), "a network of the test", size);
}

/** Three iterations of layer `layer` from noise, at one level, unless told otherwise. */
export function taskOf(
  { network, layer }: SmallNetwork,
  name: string,
  more: Partial<DreamTask> & Pick<DreamTask, "channels">,
  levels = 1,
): DreamTask {
  return {
    network,
    layer: layer(name),
    levels: octaveSizes(network.inputSize, levels, 1.4).map((size) => ({ size, tiles: null })),
    objective: "rectified",
    iterations: 3,
    start: { kind: "noise", seed: 0 },
    provider: "cpu",
    ...more,
  };
}

/** @throws if the channel failed */
export function imageOf(dream: ChannelDream | undefined): Dream {
  if (dream?.kind === "image") return dream;
  throw new Error(dream?.reason ?? "there is no such dream");
}

export function bytesOf(dream: ChannelDream | undefined): string {
  const { image, trace } = imageOf(dream);
  const pixels = Buffer.from(image.data.buffer, image.data.byteOffset, image.data.byteLength);
  return pixels.toString("base64") + JSON.stringify(trace);
}
