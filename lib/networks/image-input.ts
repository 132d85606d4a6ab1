import type { Model, ValueInfo } from "../onnx/model.ts";
import { NetworkError } from "./errors.ts";

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
  const { inputs } = model.graph;
  const candidates = inputs.filter(isFourDimensional);
  const [input] = candidates;
  const channels = input?.shape?.[1] ?? 3;
  if (input === undefined || candidates.length > 1 || channels !== 3) {
    const found = inputs.map(describe).join(", ") || "none";
    throw new NetworkError(
      `${where}: want one input of images, float [N, 3, H, W] or [N, H, W, 3]; its inputs are ${found}`,
    );
  }
  return { name: input.name, height: input.shape?.[2] ?? null, width: input.shape?.[3] ?? null };
}

function isFourDimensional({ type, shape }: ValueInfo): boolean {
  return type === "float32" && (shape === null || shape.length === 4);
}

function describe({ name, type, shape }: ValueInfo): string {
  const axes = shape === null ? "of any shape" : `[${shape.map((axis) => axis ?? "?").join(", ")}]`;
  return `'${name}' ${type} ${axes}`;
}
