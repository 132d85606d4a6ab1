import { DataType } from "../element-type.ts";
import type { Node, Value } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  missingInput,
  nodeError,
  requiredInput,
  standardNode,
} from "../node.ts";
import { floatTensor, numbersIn } from "../tensor.ts";
import { GridEmitter, plainName } from "./grid-emitter.ts";
import type { IntegerGrid } from "./integer-grid.ts";
import { alongColumns } from "./normalisation.ts";
import type { Operator, Operators } from "./operator.ts";
import { matMulBnb4, matMulNBits } from "./packed-weights.ts";
import { type Rewriting, type Upgrade, withoutAttributes } from "./upgrade.ts";

/** One scale and zero point for each index along `axis`, or for all; "" for 1 and for 0. */
function gridOf(scale: Value, zeroPoint: Value, axis: number): IntegerGrid {
  return { scale, zeroPoint, axis, blockSize: 0, stored: DataType.uint8 };
}

/** Scale at one input and zero point at the next. */
function gridAt(node: Node, index: number, axis = 0): IntegerGrid {
  return gridOf(requiredInput(node, index), node.inputs[index + 1] ?? "", axis);
}

/** The grid of QuantizeLinear and DequantizeLinear; blocks since opset 21. */
function ownGrid(node: Node): IntegerGrid {
  return {
    ...gridAt(node, 1, intAttribute(node, "axis", 1)),
    blockSize: intAttribute(node, "block_size", 0),
    stored: intAttribute(node, "output_dtype", 0) || DataType.uint8,
  };
}

/** An operator of quantised networks, as what `write` writes in its place. */
function onGrid(write: (emitter: GridEmitter, node: Node, rewriting: Rewriting) => void): Operator {
  return {
    upgrade: (node, rewriting) => {
      const emitter = new GridEmitter(node, rewriting);
      write(emitter, node, rewriting);
      return emitter.nodes;
    },
  };
}

/** Numbers as integers; see `GridEmitter` for what becomes of them. Source: QuantizeLinear-25. */
const quantizeLinear = onGrid((emitter, node) => {
  emitter.quantise(requiredInput(node, 0), ownGrid(node), node.outputs[0]!);
});

/** Integers as numbers. Source: ONNX operator DequantizeLinear-25. */
const dequantizeLinear = onGrid((emitter, node) => {
  const real = emitter.dequantised(requiredInput(node, 0), ownGrid(node));
  emitter.end("Identity", [real], node.outputs[0]!);
});

/** With a scale made to fit each value, which without rounding may be any: 1. */
const dynamicQuantizeLinear: Upgrade = (node, { constant }) => {
  const numbers = [
    requiredInput(node, 0),
    ...[1, 0].map((x) => constant(floatTensor([], [x]), `${node.outputs[0]}_constant`)),
  ];
  return node.outputs.map((output, i) => ({
    ...standardNode({ op: "Identity", name: "", inputs: [numbers[i]!], outputs: [output] }),
    quantised: "rounding" as const,
  }));
};

/** An operand: its place among the inputs, scale and zero point behind it. */
interface Operand {
  readonly at: number;
  /** @default 0 */
  readonly axis?: number;
}

interface QLinear {
  /** The operator on numbers. */
  readonly op: string;
  readonly operands: (node: Node) => readonly Operand[];
  /** Where the output's scale is; its zero point follows. */
  readonly to: number;
  /** Inputs before the operands that are no integers. */
  readonly before?: number;
}

/** An operator on numbers, of integers and to integers. */
function qLinear({ op, operands, to, before = 0 }: QLinear): Operator {
  return onGrid((emitter, node, rewriting) => {
    const [first] = operands(node);
    if (!first) throw missingInput(node, node.inputs.length);
    const order = channelsLastOf(node, rewriting, requiredInput(node, first.at));
    const inputs = operands(node)
      .map(({ at, axis }) =>
        emitter.dequantised(requiredInput(node, at), gridAt(node, at + 1, axis)),
      )
      .map((value) => turned(emitter, value, order?.toFirst));
    const { attributes } = withoutAttributes(node, "channels_last", "opset");
    const opset = intAttribute(node, "opset", 13);
    const by = op === "Softmax" ? { upgrade: alongColumns, opset } : undefined;
    const all = [...node.inputs.slice(0, before), ...inputs];
    const value = turned(emitter, emitter.compute(op, all, { attributes, by }), order?.toLast);
    emitter.quantise(value, gridAt(node, to), node.outputs[0]!);
  });
}

const unaryOf = (op: string): Operator => qLinear({ op, operands: () => [{ at: 0 }], to: 3 });
const binaryOf = (op: string): Operator =>
  qLinear({ op, operands: () => [{ at: 0 }, { at: 3 }], to: 6 });

/** The bias, if there is one: integers of the product of the grids at inputs 1 and 4. */
function biasAt(
  index: number,
  emitter: GridEmitter,
  node: Node,
  rewriting: Rewriting,
): readonly Value[] {
  const value = node.inputs[index];
  if (!value) return [];
  const [a, b] = [1, 4].map((at) => numbersIn(rewriting.constantOf(requiredInput(node, at))));
  if (!a || !b || (a.length > 1 && b.length > 1)) {
    throw nodeError(node, "a bias with computed scales is not supported");
  }
  const products = a.flatMap((x) => b.map((y) => x * y));
  const shape = products.length === 1 ? [] : [products.length];
  const scale = rewriting.constant(floatTensor(shape, products), `${value}_scale`);
  return [emitter.dequantised(value, gridOf(scale, "", -1))];
}

/**
 * X, W and the bias, whose scale is the product of theirs. Source: ONNX operator QLinearConv-10.
 */
const qLinearConv = onGrid((emitter, node, rewriting) => {
  // the weights are as they always are, and have as many axes
  const order = channelsLastOf(node, rewriting, requiredInput(node, 3));
  const given = emitter.dequantised(requiredInput(node, 0), gridAt(node, 1));
  const x = turned(emitter, given, order?.toFirst);
  const w = emitter.dequantised(requiredInput(node, 3), gridAt(node, 4));
  const bias = biasAt(8, emitter, node, rewriting);
  const { attributes } = withoutAttributes(node, "channels_last");
  const maps = emitter.compute("Conv", [x, w, ...bias], { attributes });
  const y = turned(emitter, maps, order?.toLast);
  emitter.quantise(y, gridAt(node, 6), node.outputs[0]!);
});

/** Y = alpha (A' B' + C), to integers if it says of which scale. Source: ONNX Runtime's QGemm. */
const qGemm = onGrid((emitter, node, rewriting) => {
  const columns = intAttribute(node, "transB", 0) ? 0 : 1;
  const a = emitter.dequantised(requiredInput(node, 0), gridAt(node, 1));
  const b = emitter.dequantised(requiredInput(node, 3), gridAt(node, 4, columns));
  const c = biasAt(6, emitter, node, rewriting);
  const beta = { float: floatAttribute(node, "alpha", 1) };
  const attributes = { ...node.attributes, beta };
  if (node.inputs[7]) {
    const y = emitter.compute("Gemm", [a, b, ...c], { attributes });
    emitter.quantise(y, gridAt(node, 7), node.outputs[0]!);
  } else {
    emitter.end("Gemm", [a, b, ...c], node.outputs[0]!, { attributes, name: node.name });
  }
});

/** The sums themselves, of integers less their zero points. */
function onIntegers(op: string, axes: readonly [number, number]): Operator {
  return onGrid((emitter, node) => {
    const inputs = axes.map((axis, i) =>
      emitter.dequantised(requiredInput(node, i), gridOf("", node.inputs[i + 2] ?? "", axis)),
    );
    const { attributes } = node;
    emitter.end(op, inputs, node.outputs[0]!, { attributes, name: plainName(node.name) });
  });
}

/** A B + bias, B or both of integers. Source: ONNX Runtime's operators of these names. */
function matMulToFloat(places: (node: Node) => MatMulPlaces): Operator {
  return onGrid((emitter, node) => {
    const { a, b, bias } = places(node);
    const [x, w] = [requiredInput(node, 0), requiredInput(node, 1)];
    const left = a ? emitter.dequantised(x, a) : x;
    const inputs = [left, emitter.dequantised(w, b)];
    const [output = ""] = node.outputs;
    const added = node.inputs[bias];
    if (!added) return emitter.end("MatMul", inputs, output, { name: node.name });
    const product = emitter.compute("MatMul", inputs);
    emitter.end("Add", [product, added], output, { name: `${node.name}_bias` });
  });
}

interface MatMulPlaces {
  readonly a: IntegerGrid | null;
  readonly b: IntegerGrid;
  readonly bias: number;
}

function separately(node: Node, scale: number, zeroPoint: number, axis: number): IntegerGrid {
  return gridOf(requiredInput(node, scale), node.inputs[zeroPoint] ?? "", axis);
}

/** How values with their channels last are turned to the front, and back; `null` where they are. */
function channelsLastOf(node: Node, { constantOf, factsOf }: Rewriting, alike: Value) {
  if (intAttribute(node, "channels_last", 0) === 0) return null;
  const rank = constantOf(alike)?.shape.length ?? factsOf(alike)?.shape.length ?? IMAGE_AXES;
  const sides = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  return {
    toFirst: [0, rank - 1, ...sides],
    toLast: [0, ...sides.map((axis) => axis + 1), 1],
  };
}

const IMAGE_AXES = 4;

function turned(emitter: GridEmitter, value: Value, perm: readonly number[] | undefined): Value {
  return perm ? emitter.moved(value, perm) : value;
}

/** Every third input from the third on: a value, its scale, its zero point. */
const listed = ({ inputs }: Node): readonly Operand[] =>
  inputs.flatMap((_, i) => (i >= 2 && (i - 2) % 3 === 0 ? [{ at: i }] : []));

/** Operators whose values are integers that stand for numbers, as quantisers write them. */
export const quantisations: Operators = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: { upgrade: dynamicQuantizeLinear },
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinear({
    op: "MatMul",
    operands: () => [
      { at: 0, axis: -2 },
      { at: 3, axis: -1 },
    ],
    to: 6,
  }),
  ConvInteger: onIntegers("Conv", [0, 0]),
  MatMulInteger: onIntegers("MatMul", [-2, -1]),
  "com.microsoft.QuantizeLinear": quantizeLinear,
  "com.microsoft.DequantizeLinear": dequantizeLinear,
  "com.microsoft.QLinearConv": qLinearConv,
  "com.microsoft.QGemm": qGemm,
  "com.microsoft.QLinearAdd": binaryOf("Add"),
  "com.microsoft.QLinearMul": binaryOf("Mul"),
  "com.microsoft.QLinearSigmoid": unaryOf("Sigmoid"),
  "com.microsoft.QLinearLeakyRelu": unaryOf("LeakyRelu"),
  "com.microsoft.QLinearSoftmax": unaryOf("Softmax"),
  "com.microsoft.QLinearAveragePool": unaryOf("AveragePool"),
  "com.microsoft.QLinearGlobalAveragePool": unaryOf("GlobalAveragePool"),
  "com.microsoft.QLinearConcat": qLinear({ op: "Concat", operands: listed, to: 0 }),
  "com.microsoft.QLinearWhere": qLinear({
    op: "Where",
    operands: () => [{ at: 1 }, { at: 4 }],
    to: 7,
    before: 1,
  }),
  "com.microsoft.MatMulIntegerToFloat": matMulToFloat((node) => ({
    a: separately(node, 2, 4, -2),
    b: separately(node, 3, 5, -1),
    bias: 6,
  })),
  "com.microsoft.MatMulNBits": { upgrade: matMulNBits },
  "com.microsoft.MatMulBnb4": { upgrade: matMulBnb4 },
  "com.microsoft.DynamicQuantizeMatMul": matMulToFloat((node) => ({
    a: null,
    b: separately(node, 2, 3, -1),
    bias: 4,
  })),
};
