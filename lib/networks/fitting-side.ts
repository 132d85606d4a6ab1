import { ShapeMismatchError } from "../onnx/errors.ts";
import type { Model } from "../onnx/model.ts";
import { specialise } from "../onnx/static-graph.ts";
import { DEFAULT_SIDE_PX, type ImageInput } from "./image-input.ts";

/**
 * What else networks are trained at, the more usual first, as several may do where patches do not
 * divide them; the smallest last, of which a single place may be left, which goes with any number.
 */
const OTHER_SIDES_PX = [
  384, 512, 448, 336, 256, 518, 1024, 768, 640, 560, 480, 320, 299, 288, 240, 378, 392, 420, 364,
  352, 840, 960, 1008, 192, 160, 128, 96, 64, 112, 84, 48, 32, 28,
];

/**
 * The side of images in pixels where a file leaves it open: the usual one, unless shapes inside the
 * network do not go with it, as places that are embedded for another size do not; then the one that
 * they all go with. Hugging Face's exports leave the size open whatever it is.
 */
export function fittingSide(
  model: Model,
  { planes, width, height }: ImageInput,
  usual: number,
): number {
  if (width !== null && height !== null) return usual;
  const isFitting = (side: number) => {
    const { problems } = specialise(model, [1, planes, height ?? side, width ?? side]);
    return ![...problems.values()].some((problem) => problem instanceof ShapeMismatchError);
  };
  return [usual, DEFAULT_SIDE_PX, ...OTHER_SIDES_PX].find(isFitting) ?? usual;
}
