import { ModelError } from "../onnx/errors.ts";
import { checkedImageInput } from "../onnx/image-input.ts";
import type { Model } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";

/** Where neither file nor user says: what most ImageNet networks are trained at. */
export const DEFAULT_SIDE_PX = 224;

export interface ImageInput {
  readonly name: string;
  /** Planes of the image: 3 of colours. */
  readonly planes: number;
  /** Pixels; `null` where the file leaves the size open. */
  readonly width: number | null;
  readonly height: number | null;
  /** Whether the file declares it as bytes. */
  readonly isOfBytes: boolean;
}

/** The graph's image. @throws NetworkError naming the model's path, `where`, if it takes none */
export function imageInput(model: Model, where: string): ImageInput {
  try {
    const { name, shape, planes, isOfBytes = false } = checkedImageInput(model.graph);
    return { name, planes, height: shape?.[2] ?? null, width: shape?.[3] ?? null, isOfBytes };
  } catch (error) {
    throw error instanceof ModelError ? new NetworkError(`${where}: ${error.message}`) : error;
  }
}
