import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import type { Tensor } from "../../../lib/onnx/tensor.ts";
import type { AscentResult, DeepDreamTask, FourierTask } from "../../../lib/optvis/ascent/task.ts";
import type { FourierRecipe } from "../../../lib/optvis/ascent/fourier-recipe.ts";
import { pyramidSizes } from "../../../lib/optvis/ascent/pyramid-sizes.ts";
import { sketch } from "../../support/onnx-writer.ts";
import { type SmallNetwork, smallNetwork } from "../../support/small-network.ts";
import { modelFixture } from "../fixtures.ts";

/** That `kinked` sees. */
export const SIZE = { height: 18, width: 21 };
export const kinked = smallNetwork(await modelFixture("kinked"), "kinked", SIZE);

export type RenderedImage = Extract<AscentResult, { kind: "image" }>;

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
  { network, target }: SmallNetwork,
  name: string,
  more: Partial<DeepDreamTask> & Pick<DeepDreamTask, "channels">,
  levels = 1,
): DeepDreamTask {
  return {
    method: "deepdream",
    network,
    layer: target(name),
    levels: pyramidSizes(network.inputSize, levels, 1.4).map((size) => ({ size, crops: null })),
    objective: "rectified",
    iterations: 3,
    start: { kind: "noise", seed: 0 },
    provider: "cpu",
    ...more,
  };
}

/** Seven iterations of `conv3` of `kinked` on a canvas of 30 x 28 pixels, unless told otherwise. */
export function fourierTaskOf(
  channels: readonly number[],
  {
    recipe,
    ...more
  }: Partial<Omit<FourierTask, "recipe">> & {
    readonly recipe?: Partial<FourierRecipe>;
  } = {},
): FourierTask {
  return {
    method: "fourier",
    network: kinked.network,
    layer: kinked.target("conv3"),
    channels,
    objective: "mean",
    provider: "cpu",
    seed: 4,
    recipe: { ...RECIPE, ...recipe },
    ...more,
  };
}

export const RECIPE: FourierRecipe = {
  canvasSize: { height: 30, width: 28 },
  cropSize: SIZE,
  iterations: 7,
  learningRate: 0.12,
  learningRateDecay: "cosine",
  spectrumDecay: 1.25,
  initialDeviation: 0.01,
  saturation: 1,
  cropFraction: { start: [0.9, 1.05], end: [0.5, 1] },
  cropPlace: "anywhere",
  cropMargin: 3,
  rotation: 10,
  totalVariation: 0,
  contrast: 0,
};

/** @throws if the channel failed */
export function imageOf(result: AscentResult | undefined): RenderedImage {
  if (result?.kind === "image") return result;
  throw new Error(result?.reason ?? "there is no such result");
}

export function bytesOf(result: AscentResult | undefined): string {
  const { image, trace } = imageOf(result);
  const pixels = Buffer.from(image.data.buffer, image.data.byteOffset, image.data.byteLength);
  return pixels.toString("base64") + JSON.stringify(trace);
}
