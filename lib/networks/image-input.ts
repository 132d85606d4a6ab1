import type { Model, ValueInfo } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";

export interface ImageInput {
  readonly name: string;
  /** Pixels; `null` where the file leaves the size open. */
  readonly width: number | null;
  readonly height: number | null;
}

/**
 * The graph's one input that takes images: float, [N, 3, H, W] as far as the file says.
 *
 * @param where the model's path, for the message
 */
export function imageInput(model: Model, where: string): ImageInput {
  const { inputs } = model.graph;
  const images = inputs.filter(isImage);
  const [input] = images;
  if (input === undefined || images.length > 1) {
    const found = inputs.map(describe).join(", ") || "none";
    throw new NetworkError(
      `${where}: want one input of images, float [N, 3, H, W]; its inputs are ${found}`,
    );
  }
  return { name: input.name, height: input.shape?.[2] ?? null, width: input.shape?.[3] ?? null };
}

function isImage({ type, shape }: ValueInfo): boolean {
  if (type !== "float32") return false;
  return shape === null || (shape.length === 4 && (shape[1] === 3 || shape[1] === null));
}

function describe({ name, type, shape }: ValueInfo): string {
  const axes = shape === null ? "any shape" : `[${shape.map((axis) => axis ?? "?").join(", ")}]`;
  return `'${name}' ${type} ${axes}`;
}
