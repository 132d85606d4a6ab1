import { DataType } from "../element-type.ts";
import type { Node, Value } from "../model.ts";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  mismatch,
  requiredInput,
} from "../node.ts";
import { floatTensor, formatShape } from "../tensor.ts";
import type { Operators } from "./operator.ts";
import { Emitter, type Rewriting, type Upgrade } from "./upgrade.ts";

/** Past any length: to the end. */
const END = 2 ** 62;

/** Y = outer f(inner X), where the attributes `alpha` and `beta` are two of the three numbers. */
function scaled(op: "Tanh" | "Softplus"): Upgrade {
  return (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const [outer, inner] = ["alpha", "beta"].map((name) =>
      emitter.scalar(floatAttribute(node, name)),
    );
    const bent = emitter.emit(op, [emitter.emit("Mul", [requiredInput(node, 0), inner!])]);
    return emitter.ending("Mul", [bent, outer!]);
  };
}

/** Y = scale X + bias, a number or one for each plane. */
function scaledAndShifted(
  node: Node,
  rewriting: Rewriting,
  by: (emitter: Emitter) => { readonly scale: Value; readonly bias: Value },
): readonly Node[] {
  const emitter = new Emitter(node, rewriting);
  const { scale, bias } = by(emitter);
  return emitter.ending("Add", [emitter.emit("Mul", [requiredInput(node, 0), scale]), bias]);
}

const affine: Upgrade = (node, rewriting) =>
  scaledAndShifted(node, rewriting, (emitter) => ({
    scale: emitter.scalar(floatAttribute(node, "alpha", 1)),
    bias: emitter.scalar(floatAttribute(node, "beta", 0)),
  }));

/** What an image needs, as CoreML's converter writes it in the first place. */
const imageScaler: Upgrade = (node, rewriting) =>
  scaledAndShifted(node, rewriting, (emitter) => {
    const bias = floatsAttribute(node, "bias", [0]);
    return {
      scale: emitter.scalar(floatAttribute(node, "scale", 1)),
      bias: emitter.constant(floatTensor([bias.length, 1, 1], bias)),
    };
  });

/** X [N, C, H, W] without its border: [left, top, right, bottom], or the first two and a size. */
const crop: Upgrade = (node, rewriting) => {
  const border = intsAttribute(node, "border");
  const [left = 0, top = 0, right = 0, bottom = 0] = border;
  if (border.length !== 4) throw mismatch(node, `a border ${formatShape(border)} of 4 sides`);
  const emitter = new Emitter(node, rewriting);
  const upTo = (distance: number) => (distance === 0 ? END : -distance);
  const [height, width] = intsAttribute(node, "scale", []);
  const ends =
    height === undefined || width === undefined
      ? [upTo(bottom), upTo(right)]
      : [top + height, left + width];
  const ranges = [[top, left], ends, [2, 3]].map((each) => emitter.ints(...each));
  return emitter.ending("Slice", [requiredInput(node, 0), ...ranges]);
};

/**
 * A tensor of one value, of a shape that is an attribute, an input, or that of an input, with more
 * axes or not: the first state of PyTorch's recurrent layers before opset 9.
 */
const constantFill: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const [given] = node.inputs;
  const isShape = intAttribute(node, "input_as_shape", 0) === 1;
  const stated = () => emitter.ints(...intsAttribute(node, "shape", []));
  const own = given ? (isShape ? given : emitter.emit("Shape", [given])) : stated();
  const more = intsAttribute(node, "extra_shape", []);
  const shape = more.length > 0 ? emitter.join([own, emitter.ints(...more)], 0) : own;
  const value = { tensor: floatTensor([1], [floatAttribute(node, "value", 0)]) };
  const filled = emitter.emit("ConstantOfShape", [shape], { value });
  return emitter.ending("Cast", [filled], { to: intAttribute(node, "dtype", DataType.float) });
};

/**
 * Operators that ONNX once tried out, and that converters of the time wrote, CoreML's above all.
 * They never were of an opset; ONNX Runtime has most of them as of 1.
 *
 * Source: ONNX Runtime, `contrib_ops` of domain ""; of ConstantFill, ONNX 1.3.
 */
export const experiments: Operators = {
  Affine: { upgrade: affine },
  ScaledTanh: { upgrade: scaled("Tanh") },
  ParametricSoftplus: { upgrade: scaled("Softplus") },
  ImageScaler: { upgrade: imageScaler },
  ConstantFill: { upgrade: constantFill },
  Crop: { upgrade: crop },
  DynamicSlice: { upgrade: (node) => [{ ...node, op: "Slice" }] },
};
