import { ModelError } from "./errors.ts";
import type { Graph, ValueInfo } from "./model.ts";

/** The inputs that can be the image: floats of four axes, or of axes left open. */
export function imageCandidates({ inputs }: Graph): readonly ValueInfo[] {
  return inputs.filter(
    ({ type, shape }) => type === "float32" && (shape === null || shape.length === 4),
  );
}

/**
 * The only input that can be the image: [N, C, H, W], C = `channels` as far as the file says.
 *
 * @throws ModelError if there is none, or more than one
 */
export function imageInputOf(graph: Graph, channels: number): ValueInfo {
  const [image, ...others] = imageCandidates(graph);
  const isFitting = (image?.shape?.[1] ?? channels) === channels;
  if (image && others.length === 0 && isFitting) return image;
  const found = graph.inputs.map(describeInput).join(", ") || "none";
  throw new ModelError(
    `want one input of images, float [N, ${channels}, H, W] or [N, H, W, ${channels}]; ` +
      `its inputs are ${found}; export the model with the image as its only 4-D float input`,
  );
}

/** "'data' float32 [?, 3, 224, 224]", for messages. */
function describeInput({ name, type, shape }: ValueInfo): string {
  const axes = shape === null ? "of any shape" : `[${shape.map((axis) => axis ?? "?").join(", ")}]`;
  return `'${name}' ${type} ${axes}`;
}
