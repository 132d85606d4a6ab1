import type { Node, Value } from "../onnx/model.ts";
import { floatAttribute, intAttribute } from "../onnx/node.ts";
import { filled, type FloatTensor, sizeOf, type Tensor, toNumbers } from "../onnx/tensor.ts";
import type { ConstantOf } from "./constant-finder.ts";

/** The image times `factor` plus `offset`, per plane. */
export interface Affine {
  readonly factor: readonly number[];
  readonly offset: readonly number[];
}

/** Along which axis of a value its planes lie. */
export interface PlaneAxis {
  readonly axis: number;
  readonly rank: number;
}

/** The planes of a value. */
interface Planes {
  /** How many there are. */
  readonly planes: number;
  /** `null` where it is not followed. */
  readonly place: PlaneAxis | null;
}

const VECTOR: PlaneAxis = { axis: 0, rank: 1 };

/**
 * What a node does to an image with constants: Sub, Div, Mul, Add or BatchNormalization.
 *
 * @param image the one of its inputs
 * @returns `null` for any other node, and where a constant is not one number for each plane
 */
export function arithmeticOf(
  node: Node,
  image: Value,
  { planes, place }: Planes,
  constantOf: ConstantOf,
): Affine | null {
  // of BatchNormalization each vector has a number for every plane
  const isNormalisation = node.op === "BatchNormalization";
  if (isNormalisation && place?.axis !== 1) return null;
  const isMeanImage = node.op === "Sub" || node.op === "Add" || node.op === "Div";
  const read = { planes, place: isNormalisation ? VECTOR : place, isMeanImage };
  return affineOf(node, image, (name) => perPlane(constantOf(name), read));
}

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

interface Reading extends Planes {
  /** Whether it may have a number for each pixel, of which each plane's mean is taken. */
  readonly isMeanImage: boolean;
}

/**
 * A constant's number for each plane; `null` if it differs along another axis too, and is no mean
 * image (MATLAB's zerocenter, Caffe's mean file) or deviation (zscore).
 */
function perPlane(
  tensor: Tensor | null,
  { planes, place, isMeanImage }: Reading,
): readonly number[] | null {
  if (tensor === null || tensor.type === "opaque") return null;
  const { shape } = tensor;
  if (sizeOf(shape) === 1) return filled(planes, toNumbers(tensor)[0]!);
  if (place === null) return null;
  const axis = shape.length - (place.rank - place.axis);
  if (shape[axis] !== planes) return null;
  if (sizeOf(shape) === planes) return toNumbers(tensor);
  return isMeanImage && tensor.type === "float32" ? meansAlong(tensor, axis) : null;
}

function meansAlong({ shape, data }: FloatTensor, axis: number): readonly number[] {
  const [planes, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const sums = filled(planes, 0);
  data.forEach((x, i) => (sums[Math.floor(i / inner) % planes]! += x));
  return sums.map((sum) => (sum * planes) / data.length);
}
