import type { Graph, Node, Value, ValueInfo } from "./model.ts";
import { operatorsNamed } from "./node.ts";
import { readersByValue } from "./readers.ts";
import { numbersIn, type Tensor } from "./tensor.ts";

/** Which axis of an image input its planes lie along, as the operators that read it tell. */
export interface ImageAxes {
  /** `null`: the image has none, [N, H, W]. */
  readonly planeAxis: number | null;
  /** `null`: the image is one alone, [C, H, W]. */
  readonly batchAxis: number | null;
  /** The operator that tells. */
  readonly reader: Node;
  /** Length of that axis, if weights tell; `null` if not. */
  readonly planes: number | null;
}

/**
 * Operators whose second axis are the channels of an image, by the input that holds their weight.
 */
const CHANNELS_SECOND: ReadonlyMap<string, number | null> = new Map([
  ["Conv", 1],
  ["ConvInteger", 1],
  ["QLinearConv", 3],
  ["ConvTranspose", null],
  ["MaxPool", null],
  ["AveragePool", null],
  ["LpPool", null],
  ["GlobalAveragePool", null],
  ["GlobalMaxPool", null],
  ["SpaceToDepth", null],
  ["DepthToSpace", null],
]);

/**
 * Operators that take the second axis for channels, and leave every axis where it is. Spectrograms
 * are turned so that their bands lie there for one, and back: what follows says more.
 */
const NORMALISES_SECOND = operatorsNamed(
  "BatchNormalization InstanceNormalization GroupNormalization LRN",
);

/** Operators that leave every axis where it is, and as long as it is. */
const KEEPS_AXES = operatorsNamed(`
  Cast CastLike Identity Dropout Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Clip Min Max Floor Round
  Relu LeakyRelu Sigmoid Tanh Pad Resize Upsample QuantizeLinear DequantizeLinear
`);
/** Operators that leave every axis where it is, but not its length. */
const KEEPS_PLACES = operatorsNamed("Slice Concat");

/** No image has more axes, whatever is put around it; a damaged file may go on adding some. */
const MOST_AXES = 8;

/** A value on the way from the image: which of the image's axes each of its own is. */
interface Seen {
  readonly value: Value;
  readonly axes: readonly (number | null)[];
  readonly isWhole: boolean;
}

/**
 * Follows an image to the first operator that knows channels from places.
 *
 * @returns `null` if none is reached before the image is flattened
 */
export function imageAxes(graph: Graph, { name, shape }: ValueInfo): ImageAxes | null {
  if (shape === null) return null;
  const readers = readersByValue(graph.nodes);
  const constants = graph.initializers;
  const seen = new Set<Value>([name]);
  const waiting: Seen[] = [{ value: name, axes: [...shape.keys()], isWhole: true }];
  let normalised: ImageAxes | null = null;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    for (const node of readers.get(next.value) ?? []) {
      // in arithmetic a constant may come first; as a weight the image tells nothing
      const isImage = node.inputs[0] === next.value || KEEPS_AXES.has(node.op);
      if (node.domain !== "" || !isImage) continue;
      const [batchAxis = null, planeAxis = null] = next.axes;
      const weight = CHANNELS_SECOND.get(node.op);
      if (weight !== undefined) {
        const planes = next.isWhole ? planesOf(graph, node, weight) : null;
        return { planeAxis, batchAxis, reader: node, planes };
      }
      if (NORMALISES_SECOND.has(node.op)) {
        normalised ??= { planeAxis, batchAxis, reader: node, planes: null };
      }
      const after = axesAfter(constants, node, next);
      const output = node.outputs[0];
      if (after === null || !output || seen.has(output)) continue;
      seen.add(output);
      waiting.push({ ...after, value: output });
    }
  }
  return normalised;
}

function axesAfter(
  constants: ReadonlyMap<Value, Tensor>,
  node: Node,
  { axes, isWhole }: Seen,
): Omit<Seen, "value"> | null {
  if (KEEPS_AXES.has(node.op) || NORMALISES_SECOND.has(node.op)) return { axes, isWhole };
  if (KEEPS_PLACES.has(node.op)) return { axes, isWhole: false };
  if (node.op === "Transpose") {
    const perm = intsOf(node, "perm") ?? [...axes.keys()].toReversed();
    const isWholePerm = perm.length === axes.length;
    return isWholePerm ? { axes: perm.map((axis) => axes[axis] ?? null), isWhole } : null;
  }
  if (node.op === "Gather") {
    // one index is the image out of a list of one, as interpolate(image[None])[0]
    if (constants.get(node.inputs[1] ?? "")?.shape.length !== 0) return null;
    const taken = typeof node.attributes["axis"] === "number" ? node.attributes["axis"] : 0;
    return { axes: axes.toSpliced(taken, 1), isWhole: isWhole && axes.at(taken) === null };
  }
  if (node.op !== "Unsqueeze" && node.op !== "Squeeze") return null;
  // an attribute up to opset 12, an input since
  const changed = intsOf(node, "axes") ?? numbersIn(constants.get(node.inputs[1] ?? ""));
  if (changed === null) return null;
  const rank = axes.length + (node.op === "Unsqueeze" ? changed.length : 0);
  const places = new Set(changed.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (node.op === "Squeeze") return { axes: axes.filter((_, axis) => !places.has(axis)), isWhole };
  if (rank > MOST_AXES) return null;
  const left = [...axes];
  const widened = Array.from({ length: rank }, (_, axis) =>
    places.has(axis) ? null : (left.shift() ?? null),
  );
  return { axes: widened, isWhole };
}

/** An attribute's numbers; `null` where there is none of numbers. */
function intsOf({ attributes }: Node, name: string): readonly number[] | null {
  const value = attributes[name];
  const isInts = Array.isArray(value) && value.every((item) => typeof item === "number");
  return isInts ? value : null;
}

function planesOf(graph: Graph, node: Node, weight: number | null): number | null {
  if (weight === null) return null;
  const perGroup = graph.initializers.get(node.inputs[weight] ?? "")?.shape[1];
  const group = node.attributes["group"] ?? 1;
  return perGroup === undefined || typeof group !== "number" ? null : perGroup * group;
}
