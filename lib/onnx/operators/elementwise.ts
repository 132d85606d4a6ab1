import { arithmetic } from "../arithmetic.ts";
import { DataType, elementTypeOf, ONNX_TYPE, typeNamed } from "../element-type.ts";
import { float, type Node, type Value } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  mismatch,
  nodeError,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { roundHalfEven } from "../rounding.ts";
import { filled, formatShape, toNumbers } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { broadcast } from "./broadcast.ts";
import { fromNumbers, stridesOf } from "./elements.ts";
import { input, ofInputType, operand } from "./inputs.ts";
import type { Fold, Infer, Operator, Operators } from "./operator.ts";
import {
  Emitter,
  floatInput,
  type Upgrade,
  withDefaults,
  withInputs,
  withoutAttributes,
} from "./upgrade.ts";

/** Same type and shape as the first input; further inputs (Clip's bounds, scales) do not matter. */
export const sameAsInput: Infer = ofInputType((_node, _inputs, shape) => shape);

/** For integers only where the function maps them to integers (null elsewhere). */
function unary(number: (x: number) => number, bigint: ((x: bigint) => bigint) | null): Operator {
  return {
    infer: sameAsInput,
    fold: (node, inputs) => {
      const tensor = operand(node, inputs, 0);
      if (tensor.type === "float32") return [{ ...tensor, data: tensor.data.map(number) }];
      if (tensor.type === "int64" && bigint) return [{ ...tensor, data: tensor.data.map(bigint) }];
      if (tensor.type === "int32" && bigint) return [{ ...tensor, data: tensor.data.map(number) }];
      throw nodeError(node, `not defined for type ${tensor.type}`);
    },
  };
}

const identity: Operator = {
  infer: sameAsInput,
  fold: (node, inputs) => [operand(node, inputs, 0)],
  isView: true,
};

/** The bounds are inputs since opset 11. An absent one stays absent, which is no bound. */
const clip: Operator = {
  infer: sameAsInput,
  fold: (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const bound = (index: number) =>
      inputs[index] ? toNumbers(operand(node, inputs, index))[0] : undefined;
    const [low = -Infinity, high = Infinity] = [bound(1), bound(2)];
    const clipped = toNumbers(tensor).map((x) => Math.min(Math.max(x, low), high));
    return [fromNumbers(tensor.type, tensor.shape, clipped)];
  },
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 11) return [node];
    const bound = (name: string) => floatInput(node, rewriting, name);
    return [withInputs(node, { min: bound("min"), max: bound("max") })];
  },
};

/**
 * We look at the network as it is used: data passes through, whatever the ratio (an attribute, an
 * input since opset 12). The mask is all true.
 */
const dropout: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    return [
      { type, shape },
      { type: "bool", shape },
    ];
  },
  upgrade: (node) => [
    { ...withoutAttributes(node, "ratio", "seed", "is_test"), inputs: node.inputs.slice(0, 1) },
  ],
};

/** The slope broadcasts to the input, not the other way round. */
const prelu = ofInputType((node, inputs, shape) => {
  const slope = input(node, inputs, 1).shape;
  if (broadcast(node, [shape, slope]).join() !== shape.join()) {
    throw mismatch(
      node,
      `slope ${formatShape(slope)} does not broadcast to the input ${formatShape(shape)}`,
    );
  }
  return shape;
});

/**
 * A slope of [C] is one for each channel before opset 7, and in what MXNet's converter writes after
 * it, where C fits no other axis.
 */
const slopePerChannel: Upgrade = (node, { opset, ...rewriting }) => {
  const [x, slope] = [requiredInput(node, 0), requiredInput(node, 1)];
  const stated = rewriting.constantOf(slope)?.shape;
  if (opset >= 7 && stated?.length !== 1) return [node];
  const shape = rewriting.factsOf(x)?.shape ?? [];
  const [count, ...others] = stated ?? rewriting.factsOf(slope)?.shape ?? [];
  if (count === undefined || count === 1 || others.length > 0 || shape.length < 3) return [node];
  const isOfChannels = shape[1] === count && shape.at(-1) !== count;
  if (opset >= 7 && !isOfChannels) return [node];
  const emitter = new Emitter(node, rewriting);
  const axes = emitter.ints(...Array.from({ length: shape.length - 2 }, (_, i) => i + 1));
  return emitter.ending("PRelu", [x, emitter.emit("Unsqueeze", [slope, axes])]);
};

/** Towards zero from float to integer, wrapping from int64 to int32, non-zero to true. */
const convert: Fold = (node, inputs, [output]) => {
  const tensor = operand(node, inputs, 0);
  const { type } = output!;
  return [type === tensor.type ? tensor : fromNumbers(type, tensor.shape, toNumbers(tensor))];
};

const cast: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    return [{ type: elementTypeOf(intAttribute(node, "to")), shape }];
  },
  fold: convert,
  // every floating-point type is float32 here: a half-precision export computes in float32
  upgrade: (node) => {
    const { to: stated } = node.attributes;
    // by name up to opset 5
    const to = (typeof stated === "string" && typeNamed(stated)) || intAttribute(node, "to");
    const held = elementTypeOf(to) === "float32" ? DataType.float : to;
    return [{ ...node, attributes: { to: held } }];
  },
};

/** To the type of the second input. */
const castLike: Operator = {
  infer: (node, inputs) => {
    const { type } = input(node, inputs, 1);
    return [{ type, shape: input(node, inputs, 0).shape }];
  },
  fold: convert,
  upgrade: (node, { factsOf }) => {
    const like = factsOf(requiredInput(node, 1));
    if (like === null || like.type === "opaque") return [withoutAttributes(node, "saturate")];
    const attributes = { to: ONNX_TYPE[like.type] };
    return [{ ...node, op: "Cast", inputs: node.inputs.slice(0, 1), attributes }];
  },
};

/**
 * Gelu (opset 20) in terms of opset 18:
 *
 *     Y = X / 2 * (1 + erf(X / sqrt(2)))
 *     Y = X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 X^3)))    for approximate = "tanh"
 */
const gelu: Upgrade = (node, rewriting) =>
  bentByGelu(
    new Emitter(node, rewriting),
    requiredInput(node, 0),
    stringAttribute(node, "approximate", "none"),
  );

/** Gelu of `x`, as the last of the nodes. */
export function bentByGelu(emitter: Emitter, x: Value, approximate: string): readonly Node[] {
  const { add, mul } = arithmetic(emitter);
  const cubic = () => add(x, mul(mul(mul(x, x), x), 0.044715));
  const bend =
    approximate === "tanh"
      ? emitter.emit("Tanh", [mul(cubic(), Math.sqrt(2 / Math.PI))])
      : emitter.emit("Erf", [mul(x, Math.SQRT1_2)]);
  const gate = add(bend, 1);
  return emitter.ending("Mul", [mul(x, 0.5), gate]);
}

/** Swish (opset 24): Y = X sigmoid(alpha X). */
export function swish(usualAlpha: number): Upgrade {
  return (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const [x, alpha] = [requiredInput(node, 0), floatAttribute(node, "alpha", usualAlpha)];
    const bent = alpha === 1 ? x : arithmetic(emitter).mul(x, alpha);
    return emitter.ending("Mul", [x, emitter.emit("Sigmoid", [bent])]);
  };
}

/** Running totals along one axis: with the element itself or, exclusive, up to the one before. */
function cumulative(step: (total: number, x: number) => number, start: number): Operator {
  return {
    infer: sameAsInput,
    fold: (node, inputs) => {
      const tensor = operand(node, inputs, 0);
      const { type, shape } = tensor;
      const [given = 0] = toNumbers(operand(node, inputs, 1));
      const axis = normaliseAxis(node, given, shape.length);
      const [length, stride] = [shape[axis]!, stridesOf(shape)[axis]!];
      const isReversed = intAttribute(node, "reverse", 0) === 1;
      const isExclusive = intAttribute(node, "exclusive", 0) === 1;
      const numbers = toNumbers(tensor);
      const totals = filled(numbers.length, start);
      numbers.forEach((_, first) => {
        if (Math.floor(first / stride) % length !== 0) return;
        let total = start;
        for (let i = 0; i < length; i++) {
          const at = first + (isReversed ? length - 1 - i : i) * stride;
          const next = step(total, numbers[at]!);
          totals[at] = isExclusive ? total : next;
          total = next;
        }
      });
      return [fromNumbers(type, shape, totals)];
    },
  };
}

/** Attributes of a Selu node; by default activations keep mean 0 and variance 1. */
export function parseSelu(node: Node) {
  return {
    alpha: floatAttribute(node, "alpha", 1.67326319217681884765625),
    gamma: floatAttribute(node, "gamma", 1.05070102214813232421875),
  };
}

const selu: Operator = {
  infer: sameAsInput,
  // rounded otherwise up to opset 5
  upgrade: (node, { opset }) => [
    opset < 6 ? withDefaults(node, { alpha: float(1.6732), gamma: float(1.0507) }) : node,
  ],
};

const SAME_AS_INPUT = `Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Elu Erf Exp HardSigmoid
  HardSwish LeakyRelu Log Mish Shrink Sigmoid Sin Sinh Softplus Softsign Tan Tanh
  ThresholdedRelu Trilu`;

/** Operators with one tensor to work on, whose shape the output has. */
export const elementwise: Operators = {
  ...Object.fromEntries(SAME_AS_INPUT.split(/\s+/).map((op) => [op, { infer: sameAsInput }])),
  Neg: unary(
    (x) => -x,
    (x) => -x,
  ),
  Abs: unary(Math.abs, (x) => (x < 0n ? -x : x)),
  Floor: unary(Math.floor, null),
  Ceil: unary(Math.ceil, null),
  Round: unary(roundHalfEven, null),
  // PyTorch's attention scales by the root of a length, its interpolation by a reciprocal
  Sqrt: unary(Math.sqrt, null),
  Reciprocal: unary((x) => 1 / x, null),
  Sign: unary(Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  Relu: unary(
    (x) => Math.max(x, 0),
    (x) => (x > 0n ? x : 0n),
  ),
  CumSum: cumulative((total, x) => total + x, 0),
  // from opset 26 on, which the graphs that we write are not of: as a constant alone
  CumProd: cumulative((total, x) => total * x, 1),
  Identity: identity,
  Clip: clip,
  Dropout: dropout,
  Selu: selu,
  PRelu: { infer: prelu, upgrade: slopePerChannel },
  Cast: cast,
  CastLike: castLike,
  Gelu: { upgrade: gelu },
  Swish: { upgrade: swish(1) },
};
