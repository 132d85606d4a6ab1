import { describeInputs, imageCandidates } from "../onnx/image-candidates.ts";
import type { Model } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";

/** Where neither file nor user says: what most ImageNet networks are trained at. */
export const DEFAULT_SIDE_PX = 224;

export interface ImageInput {
  readonly name: string;
  /** Pixels; `null` where the file leaves the size open. */
  readonly width: number | null;
  readonly height: number | null;
}

/**
 * The graph's only input that can be the image: float, [N, 3, H, W] as far as the file says.
 *
 * @param where the model's path, for the message
 */
export function imageInput(model: Model, where: string): ImageInput {
  const candidates = imageCandidates(model.graph);
  const [input] = candidates;
  const channels = input?.shape?.[1] ?? 3;
  if (input === undefined || candidates.length > 1 || channels !== 3) {
    const found = describeInputs(model.graph.inputs);
    throw new NetworkError(
      `${where}: want one input of images, float [N, 3, H, W] or [N, H, W, 3]; its inputs are ${found}`,
    );
  }
  return { name: input.name, height: input.shape?.[2] ?? null, width: input.shape?.[3] ?? null };
}
