import { inferIfPossible } from "../onnx/shape-inference.ts";
import { constantFacts, type ValueFacts } from "../onnx/facts.ts";
import { subgraphsOf } from "../onnx/graph-order.ts";
import type { Graph, Node, Value } from "../onnx/model.ts";
import { describeNode, floatAttribute, intAttribute, intsAttribute } from "../onnx/node.ts";
import { filled, sizeOf, type Tensor, toNumbers } from "../onnx/tensor.ts";
import type { ChannelOrder, GivenPreprocessing } from "./preprocessing.ts";

/** A network whose own first operators make of pixels what the rest of it wants. */
export interface InputNormalisation {
  /** The pixels that it takes, so that nothing is left to be done. */
  readonly takes: GivenPreprocessing;
  /** "0..255", for messages. */
  readonly pixels: string;
  /** As its means tell, being those of ImageNet's photographs; `null` if they do not. */
  readonly channelOrder: ChannelOrder | null;
  /** "Sub 'a', Div 'b'": what does it. */
  readonly operators: string;
}

/** The image times `factor` plus `offset`, per plane. */
interface Affine {
  readonly factor: readonly number[];
  readonly offset: readonly number[];
}

/** Operators between image and arithmetic that leave its numbers as they are. */
const CARRIES: ReadonlySet<string> = new Set(
  "Cast CastLike Identity Dropout Clip Transpose Pad Resize Squeeze Unsqueeze Reshape".split(" "),
);

/** What pixels a network may take: from black to white. */
const RANGES = [
  { pixels: "0..255", low: 0, high: 255, takes: { mean: [0], range: 255 } },
  { pixels: "0..1", low: 0, high: 1, takes: { preprocessing: "zero-one" } },
  { pixels: "-1..1", low: -1, high: 1, takes: { preprocessing: "minus-one-one" } },
] as const;

/** How far zero lies from either end of the range in pixels that are normalised about a mean. */
const INSIDE = 0.05;
/** Units that pixels span once they are divided by their deviation, from black to white. */
const STANDARDISED = [0.9, 20] as const;
/** Share by which numbers may differ from the round ones that they stand for. */
const TOLERANCE = 0.02;

const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;

/**
 * Whether a network normalises its image itself: Sub, Div, Mul, Add or BatchNormalization with
 * constants before anything else, be there casts, transpositions or pads between.
 *
 * @returns `null` if it does not, or it does not follow what pixels it takes
 */
export function inputNormalisation(
  graph: Graph,
  image: Value,
  planes: number,
): InputNormalisation | null {
  const { affine, operators } = leadingArithmetic(graph, image, planes);
  if (operators.length === 0) return null;
  const range = RANGES.find((each) => isTaken(affine, each));
  if (!range) return null;
  const { takes, pixels, low, high } = range;
  const means = affine.factor.map(
    (factor, i) => (-affine.offset[i]! / factor - low) / (high - low),
  );
  return {
    takes,
    pixels,
    channelOrder: planes === IMAGENET_MEAN.length ? orderBy(means) : null,
    operators: operators.map(describeNode).join(", "),
  };
}

function isTaken(
  { factor, offset }: Affine,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  return factor.every((a, i) => {
    const [first, last] = [a * low + offset[i]!, a * high + offset[i]!];
    const span = Math.abs(last - first);
    const isRound = (black: number, white: number) =>
      Math.abs(first - black) <= TOLERANCE * (white - black) &&
      Math.abs(last - white) <= TOLERANCE * (white - black);
    if (isRound(low, high)) return false; // as it was
    if (isRound(0, 1) || isRound(-1, 1) || isRound(0, 255)) return true;
    // -1..1 is about zero already: a mean of about zero tells nothing of it
    if (low < 0) return span > TOLERANCE * 255 && Math.abs(span - 255) <= TOLERANCE * 255;
    const zero = -first / (last - first);
    const isInside = zero > INSIDE && zero < 1 - INSIDE;
    const isStandardised = span >= STANDARDISED[0] && span <= STANDARDISED[1];
    return isInside && (isStandardised || Math.abs(span - 255) <= TOLERANCE * 255);
  });
}

function orderBy(means: readonly number[]): ChannelOrder | null {
  const isMean = (wanted: readonly number[]) =>
    means.every((mean, i) => Math.abs(mean - wanted[i]!) < TOLERANCE);
  if (isMean(IMAGENET_MEAN)) return "RGB";
  return isMean(IMAGENET_MEAN.toReversed()) ? "BGR" : null;
}

/** Follows the image as long as one node reads it, and that does arithmetic with constants. */
function leadingArithmetic(graph: Graph, image: Value, planes: number) {
  const constantOf = constantFinder(graph);
  const operators: Node[] = [];
  let affine: Affine = { factor: filled(planes, 1), offset: filled(planes, 0) };
  let place: PlaneAxis | null = { axis: 1, rank: 4 };
  for (let value = image; ;) {
    const readers = graph.nodes.filter(
      ({ op, inputs }) => inputs.includes(value) && op !== "Shape" && op !== "Size",
    );
    const [node, ...others] = readers;
    const output = node?.outputs[0];
    if (!node || !output || others.length > 0 || node.domain !== "") break;
    if (CARRIES.has(node.op)) {
      if (node.inputs[0] !== value) break;
      place = place && placeAfter(node, place);
    } else {
      const at: PlaneAxis | null = place;
      // of BatchNormalization each vector has a number for every plane
      const as = node.op === "BatchNormalization" ? VECTOR : at;
      if (as === VECTOR && at?.axis !== 1) break;
      const change = affineOf(node, value, (name) => perPlane(constantOf(name), planes, as));
      if (change === null) break;
      operators.push(node);
      affine = {
        factor: affine.factor.map((factor, i) => factor * change.factor[i]!),
        offset: affine.offset.map((offset, i) => offset * change.factor[i]! + change.offset[i]!),
      };
    }
    value = output;
  }
  return { affine, operators };
}

/** Where the planes lie in a value. */
interface PlaneAxis {
  readonly axis: number;
  readonly rank: number;
}

const VECTOR: PlaneAxis = { axis: 0, rank: 1 };

/** @returns `null` where it is not followed */
function placeAfter(node: Node, { axis, rank }: PlaneAxis): PlaneAxis | null {
  if (/squeeze|Reshape/i.test(node.op)) return null;
  if (node.op !== "Transpose") return { axis, rank };
  const reversed = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return { axis: intsAttribute(node, "perm", reversed).indexOf(axis), rank };
}

/** What a node does to the image, one of its inputs; `null` if it is nothing of the kind. */
function affineOf(
  node: Node,
  image: Value,
  constant: (value: Value) => readonly number[] | null,
): Affine | null {
  const [a = "", b = ""] = node.inputs;
  const isFirst = a === image;
  const c = constant(isFirst ? b : a);
  switch (node.op) {
    case "Add":
      return c && { factor: c.map(() => 1), offset: c };
    case "Sub":
      return c && (isFirst ? { factor: c.map(() => 1), offset: c.map((x) => -x) } : negated(c));
    case "Mul":
      return c && { factor: c, offset: c.map(() => 0) };
    case "Div":
      return c && isFirst ? { factor: c.map((x) => 1 / x), offset: c.map(() => 0) } : null;
    case "BatchNormalization": {
      const [scale, bias, mean, variance] = node.inputs.slice(1).map(constant);
      if (!isFirst || !scale || !bias || !mean || !variance) return null;
      if (intAttribute(node, "training_mode", 0) !== 0) return null;
      const epsilon = floatAttribute(node, "epsilon", 1e-5);
      const factor = scale.map((x, i) => x / Math.sqrt(variance[i]! + epsilon));
      return { factor, offset: factor.map((x, i) => bias[i]! - x * mean[i]!) };
    }
    default:
      return null;
  }
}

const negated = (c: readonly number[]): Affine => ({ factor: c.map(() => -1), offset: c });

/** A constant's number for each plane; `null` if it differs along another axis too. */
function perPlane(
  tensor: Tensor | null,
  planes: number,
  place: PlaneAxis | null,
): readonly number[] | null {
  if (tensor === null || tensor.type === "opaque") return null;
  const { shape } = tensor;
  if (sizeOf(shape) === 1) return filled(planes, toNumbers(tensor)[0]!);
  if (sizeOf(shape) !== planes || place === null) return null;
  const axis = shape.length - (place.rank - place.axis);
  return shape[axis] === planes ? toNumbers(tensor) : null;
}

/** Steps from constants that files hold to one that arithmetic reads: casts, reshapes and the like. */
const MOST_STEPS = 6;

function constantFinder(graph: Graph): (value: Value) => Tensor | null {
  const find = (value: Value, steps: number): Tensor | null => {
    const known = graph.initializers.get(value);
    if (known || steps === 0) return known ?? null;
    const producer = graph.nodes.find(({ outputs }) => outputs.includes(value));
    if (!producer || subgraphsOf(producer).length > 0) return null;
    const inputs: (ValueFacts | null)[] = [];
    for (const input of producer.inputs) {
      const tensor = input ? find(input, steps - 1) : null;
      if (input && !tensor) return null;
      inputs.push(tensor && constantFacts(tensor));
    }
    const place = producer.outputs.indexOf(value);
    return inferIfPossible(producer, inputs)[place]?.constant ?? null;
  };
  return (value) => find(value, MOST_STEPS);
}
