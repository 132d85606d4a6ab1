import type { Graph, ValueInfo } from "./model.ts";

/** The inputs that can be the image: floats of four axes, or of axes left open. */
export function imageCandidates({ inputs }: Graph): readonly ValueInfo[] {
  return inputs.filter(
    ({ type, shape }) => type === "float32" && (shape === null || shape.length === 4),
  );
}

/** "'data' float32 [?, 3, 224, 224]", for messages. */
export function describeInputs(inputs: readonly ValueInfo[]): string {
  return inputs.map(describeInput).join(", ") || "none";
}

function describeInput({ name, type, shape }: ValueInfo): string {
  const axes = shape === null ? "of any shape" : `[${shape.map((axis) => axis ?? "?").join(", ")}]`;
  return `'${name}' ${type} ${axes}`;
}
