import { decodeModel } from "../../lib/onnx/decode.ts";
import { floatTensor, type FloatTensor } from "../../lib/onnx/tensor.ts";
import { type ImageShape, layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../lib/optvis/graph/vjp-graph.ts";
import { runModel } from "./operator-oracle.ts";
import { normal } from "./random.ts";
import { runGraph } from "./run-graph.ts";
import { addScaled, dot } from "./vectors.ts";

/**
 * The gradient of value `y` by our graphs against slopes of the file in ONNX Runtime, relative to
 * its norm: the furthest apart of three directions, each by the step that leaves most samples among
 * the same pixels and is yet far above rounding.
 *
 * @param seed of the cotangent; those of the directions follow it
 * @param change what is compared in the gradient's place. @default the gradient
 */
export async function slopeError(
  bytes: Uint8Array,
  image: FloatTensor,
  seed: number,
  change = (g: FloatTensor) => g,
): Promise<number> {
  const shape = image.shape as ImageShape;
  const pass = layerPass(decodeModel(bytes), { value: "y", name: "y" }, shape);
  const cotangent = normal(pass.layerShape, seed);
  const { gradient } = await runGraph(vjpGraph(pass, "cpu"), { image, cotangent });
  const g = change(gradient!);
  const objective = async (u: FloatTensor, step: number) => {
    const moved = floatTensor(shape, addScaled(image, u, step).data);
    const { y } = await runModel(bytes, { image: moved });
    return dot(y as FloatTensor, cotangent);
  };
  const errors = await Promise.all(
    [1, 2, 3].map(async (i) => {
      const u = normal(shape, seed + i);
      const off: number[] = [];
      for (const step of [4e-3, 2e-3, 1e-3, 5e-4]) {
        const slope = ((await objective(u, step)) - (await objective(u, -step))) / (2 * step);
        off.push(Math.abs(slope - dot(g, u)) / Math.hypot(...g.data));
      }
      return Math.min(...off);
    }),
  );
  return Math.max(...errors);
}
