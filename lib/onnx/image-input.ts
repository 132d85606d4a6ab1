import { MAX_PLANES, requireWithin } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { valuesRead } from "./graph-order.ts";
import { imageAxes } from "./image-axes.ts";
import type { Graph, ValueInfo } from "./model.ts";
import { describeNode } from "./node.ts";

/** Planes where neither the file's shapes nor its weights tell: red, green and blue. */
const COLOURS = 3;

/** A graph's image, [N, planes, H, W]. */
export interface ImageInput extends ValueInfo {
  readonly planes: number;
}

/**
 * The inputs that can be the image: numbers of three or four axes, or of axes left open. Where
 * there are such with four, those with three are none; states of recurrent layers never are.
 */
export function imageCandidates({ inputs }: Graph): readonly ValueInfo[] {
  const possible = inputs.filter((input) => !isRecurrentState(input));
  const floats = possible.filter(({ type }) => type === "float32");
  const others = possible.filter(({ type, shape }) => type !== "float32" && shape !== null);
  const ofRank = (values: readonly ValueInfo[], rank: number) =>
    values.filter(({ shape }) => shape === null || shape.length === rank);
  const choices = [ofRank(floats, 4), ofRank(floats, 3), ofRank(others, 4), ofRank(others, 3)];
  return choices.find((candidates) => candidates.length > 0) ?? [];
}

/** [layers, N, hidden], as PyTorch has it; an image has no single row. */
function isRecurrentState({ shape }: ValueInfo): boolean {
  if (shape?.length !== 3) return false;
  const [layers, batch, hidden] = shape as [number | null, number | null, number | null];
  return layers !== null && layers > 1 && (batch ?? 1) === 1 && hidden !== null;
}

/**
 * The only input that can be the image, [N, planes, H, W].
 *
 * @throws ModelError if there is none, or more than one
 */
export function imageInputOf(graph: Graph): ImageInput {
  const [image, ...others] = imageCandidates(graph);
  if (image?.type === "float32" && others.length === 0 && (image.shape?.length ?? 4) === 4) {
    const planes = image.shape?.[1] ?? imageAxes(graph, image)?.planes ?? COLOURS;
    requireWithin(`image '${image.name}'`, planes, "planes", MAX_PLANES);
    return { ...image, planes };
  }
  const found = graph.inputs.map(describeInput).join(", ") || "none";
  if (image && others.length > 0) {
    throw new ModelError(
      `want one input of images, and ${[image, ...others].map(({ name }) => `'${name}'`).join(" and ")} ` +
        `may each be it; its inputs are ${found}; give all but the image as constants: --input NAME=VALUE`,
    );
  }
  throw new ModelError(
    `want one input of images, float [N, C, H, W], [N, H, W, C] or [N, H, W]; its inputs are ` +
      `${found}${image === undefined ? whyNone(graph) : ""}; if it looks at images, export it with the image as its only 3-D or 4-D float input`,
  );
}

/** Of weights that slide along one axis: out, in, length. */
const AXES_OF_SEQUENCES = 3;

/**
 * The image of a file that is seen for the first time, of which more can be said.
 *
 * @throws ModelError as `imageInputOf`; if nodes read other inputs, which have no value; if the
 *   first weights want another number of planes
 */
export function checkedImageInput(graph: Graph): ImageInput {
  const image = imageInputOf(graph);
  const axes = imageAxes(graph, image);
  if (axes && axes.planes !== null && axes.planes !== image.planes) {
    if (graph.initializers.get(axes.reader.inputs[1] ?? "")?.shape.length === AXES_OF_SEQUENCES) {
      throw new ModelError(
        `${describeNode(axes.reader)} slides along one axis: its input '${image.name}' is a sequence, no image; networks of images can be drawn`,
      );
    }
    throw new ModelError(
      `its image is ${describeInput(image)}, and the weights of ${describeNode(axes.reader)} want ${axes.planes} planes; export the model again`,
    );
  }
  refuseOtherInputs(graph, image);
  return image;
}

/** @throws ModelError if nodes read inputs besides the image, which have no value */
export function refuseOtherInputs(graph: Graph, image: ImageInput): void {
  const read = new Set(graph.nodes.flatMap(valuesRead));
  const others = graph.inputs.filter(({ name }) => name !== image.name && read.has(name));
  if (others.length === 0) return;
  throw new ModelError(
    `besides its image '${image.name}' it wants ${others.map(describeInput).join(", ")}; give ` +
      `${others.length > 1 ? "each" : "it"} a value: ${others.map(({ name }) => `--input ${name}=VALUE`).join(" ")}`,
  );
}

/** ", of which 'x' has 2 axes", for a single input that is no image. */
function whyNone({ inputs }: Graph): string {
  const [only, ...others] = inputs;
  if (!only || others.length > 0) return "";
  if (only.shape !== null && only.shape.length !== 3 && only.shape.length !== 4) {
    return `, of ${only.shape.length} axes`;
  }
  return "";
}

/** "'data' float32 [?, 3, 224, 224]", for messages. */
export function describeInput({ name, type, shape }: ValueInfo): string {
  const axes = shape === null ? "of any shape" : `[${shape.map((axis) => axis ?? "?").join(", ")}]`;
  return `'${name}' ${type} ${axes}`;
}
