import { BudgetError, MAX_MADE_ELEMENTS } from "../budgets.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute, mismatch, requiredInput } from "../node.ts";
import { floatTensor, formatShape, sizeOf, type Tensor } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { constantInts, constantNumbers, input, type Inputs, requiredInts } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import { notInOpset18, withoutAttributes } from "./upgrade.ts";

/*
 * Fourier transforms, as the linear maps that they are: a product with a matrix of sines and
 * cosines, whose columns are bins. A complex number is a pair, real part first, in an axis of its
 * own.
 *
 * Source: ONNX operators DFT-17, DFT-20 and STFT-17.
 */

/** One-dimensional transform of `length` points, of which the first `given` are there. */
interface Transform {
  readonly length: number;
  readonly given: number;
  /** Numbers of a point: 1 for a real signal, 2 for a complex one. */
  readonly parts: number;
  /** How many bins are made, or points by an inverse. */
  readonly bins: number;
  /** Numbers of a bin: 2, but 1 of the real signal that an inverse makes of half a spectrum. */
  readonly madeParts: number;
  readonly isInverse: boolean;
}

/**
 * The matrix [given parts, bins madeParts] of a transform.
 *
 *     Y[k] = sum over n of X[n] exp(-2 pi i k n / N)          inverse: exp(+...) and 1 / N
 *
 * Half a spectrum stands for all of it: but for the first bin and that in the middle each of its
 * bins counts twice, and the real part alone is made.
 *
 * @throws BudgetError for a matrix that is too large
 */
function matrixOf(node: Node, transform: Transform): Float32Array {
  const { length, given, parts, bins, madeParts, isInverse } = transform;
  const columns = bins * madeParts;
  const size = given * parts * columns;
  if (size > MAX_MADE_ELEMENTS) {
    throw new BudgetError(describeNode(node), `a matrix of ${size} numbers`, MAX_MADE_ELEMENTS);
  }
  const matrix = new Float32Array(size);
  const isOfHalf = madeParts === 1;
  const used = Math.min(given, isOfHalf ? Math.floor(length / 2) + 1 : length);
  for (let n = 0; n < used; n++) {
    const isTwice = isOfHalf && n > 0 && 2 * n < length;
    const scale = (isTwice ? 2 : 1) / (isInverse ? length : 1);
    for (let k = 0; k < bins; k++) {
      // whole turns left out, so that large numbers lose no digits
      const angle = ((isInverse ? 2 : -2) * Math.PI * ((k * n) % length)) / length;
      const [re, im] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      const pairs = [
        [re, im],
        [-im, re],
      ];
      for (let part = 0; part < parts; part++) {
        for (let made = 0; made < madeParts; made++) {
          matrix[(n * parts + part) * columns + k * madeParts + made] = pairs[part]![made]!;
        }
      }
    }
  }
  return matrix;
}

/** X [..., n, ..., 1 or 2], the transform along `axis`: Y [..., bins, ..., 2], of which half is made. */
function parseDft(node: Node, inputs: Inputs) {
  const { type, shape } = input(node, inputs, 0);
  const axis = axisAttribute(node, shape.length, 1);
  const parts = shape.at(-1)!;
  const isInverse = intAttribute(node, "inverse", 0) === 1;
  const isOfHalf = intAttribute(node, "onesided", 0) === 1;
  const fits = isOfHalf ? parts === (isInverse ? 2 : 1) : parts === 1 || parts === 2;
  if (axis === shape.length - 1 || !fits) {
    throw mismatch(node, `${formatShape(shape)} along axis ${axis}, as real or complex numbers`);
  }
  const given = shape[axis]!;
  const stated = constantInts(node, inputs, 1)?.[0];
  const length = stated ?? (isOfHalf && isInverse ? 2 * (given - 1) : given);
  if (length < 1) throw mismatch(node, `a length of ${length}`);
  const bins = isOfHalf && !isInverse ? Math.floor(length / 2) + 1 : length;
  const madeParts = isOfHalf && isInverse ? 1 : 2;
  const outputShape = [...shape.with(axis, bins).slice(0, -1), madeParts];
  const transform: Transform = { length, given, parts, bins, madeParts, isInverse };
  return { type, shape, axis, transform, outputShape };
}

/** The axis is brought beside that of the parts, and both are the rows of the matrix. */
const dft: Operator = {
  infer: (node, inputs) => {
    const { type, outputShape } = parseDft(node, inputs);
    return [{ type, shape: outputShape }];
  },
  unroll: (node, inputs, emitter) => {
    const { shape, axis, transform } = parseDft(node, inputs);
    const { given, parts, bins, madeParts } = transform;
    const [rows, columns] = [given * parts, bins * madeParts];
    const others = [...shape.keys()].slice(0, -1).filter((each) => each !== axis);
    const perm = [...others, axis, shape.length - 1];
    const rest = others.map((each) => shape[each]!);
    const isBeside = perm.every((from, to) => from === to);
    const x = requiredInput(node, 0);
    const moved = isBeside ? x : emitter.emit("Transpose", [x], { perm });
    const flat = emitter.emit("Reshape", [moved, emitter.ints(...rest, rows)]);
    const matrix = emitter.constant(floatTensor([rows, columns], matrixOf(node, transform)));
    const product = emitter.emit("MatMul", [flat, matrix]);
    const to = emitter.ints(...rest, bins, madeParts);
    if (isBeside) return emitter.add(...emitter.ending("Reshape", [product, to]).slice(-1));
    const made = emitter.emit("Reshape", [product, to]);
    const back = perm.map((_, target) => perm.indexOf(target));
    emitter.add(...emitter.ending("Transpose", [made], { perm: back }).slice(-1));
  },
  // the axis became an input
  upgrade: (node, { opset, constantOf }) => {
    if (opset < 20) return [node];
    const value = node.inputs[2];
    const axis = value ? numbersOf(constantOf(value))?.[0] : -2;
    if (axis === undefined) throw notInOpset18(node, "an axis that is computed");
    const { attributes } = withoutAttributes(node, "axis");
    const inputs = node.inputs[1] ? node.inputs.slice(0, 2) : node.inputs.slice(0, 1);
    return [{ ...node, inputs, attributes: { ...attributes, axis } }];
  },
};

function numbersOf(tensor: Tensor | null): readonly number[] | null {
  if (tensor?.type !== "int64" && tensor?.type !== "int32") return null;
  return Array.from<number | bigint, number>(tensor.data, Number);
}

/** Signal [B, L] or [B, L, 1 or 2] -> Y [B, frames, bins, 2]. */
function parseStft(node: Node, inputs: Inputs) {
  const { type, shape } = input(node, inputs, 0);
  const [batch, signal, parts = 1] = shape;
  const [step] = requiredInts(node, inputs, 1);
  const window = constantNumbers(node, inputs, 2);
  const length = constantInts(node, inputs, 3)?.[0] ?? window?.length ?? signal!;
  const isOfHalf = intAttribute(node, "onesided", 1) === 1;
  const isRanked = shape.length === 2 || shape.length === 3;
  const isSignal = isRanked && (parts === 1 || (parts === 2 && !isOfHalf));
  const isFramed = step! >= 1 && length >= 1 && length <= signal!;
  if (!isSignal || !isFramed || (window && window.length !== length)) {
    throw mismatch(
      node,
      `frames of ${length} every ${step}, a window of ${window?.length ?? length}, ` +
        `on a signal ${formatShape(shape)}`,
    );
  }
  const bins = isOfHalf ? Math.floor(length / 2) + 1 : length;
  const frames = Math.floor((signal! - length) / step!) + 1;
  const transform = { length, given: length, parts, bins, madeParts: 2, isInverse: false };
  return { type, step: step!, window, transform, outputShape: [batch!, frames, bins, 2] };
}

/** A convolution of the signal: each bin of a frame is the frame times a window of sines. */
const stft: Operator = {
  infer: (node, inputs) => {
    const { type, outputShape } = parseStft(node, inputs);
    return [{ type, shape: outputShape }];
  },
  unroll: (node, inputs, emitter) => {
    const { step, window, transform, outputShape } = parseStft(node, inputs);
    const { length, parts, bins } = transform;
    const matrix = matrixOf(node, transform);
    const columns = 2 * bins;
    const kernel = new Float32Array(sizeOf([columns, parts, length]));
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < length * parts; row++) {
        const [n, part] = [Math.floor(row / parts), row % parts];
        const at = (column * parts + part) * length + n;
        kernel[at] = matrix[row * columns + column]! * (window?.[n] ?? 1);
      }
    }
    const [batch, signal] = input(node, inputs, 0).shape as [number, number];
    const points = emitter.ints(batch, signal, parts);
    const ranked = emitter.emit("Reshape", [requiredInput(node, 0), points]);
    const x = emitter.emit("Transpose", [ranked], { perm: [0, 2, 1] });
    const w = emitter.constant(floatTensor([columns, parts, length], kernel));
    const attributes = { kernel_shape: [length], strides: [step] };
    const y = emitter.emit("Conv", [x, w], attributes);
    const frames = emitter.emit("Transpose", [y], { perm: [0, 2, 1] });
    const to = emitter.ints(...outputShape);
    emitter.add(...emitter.ending("Reshape", [frames, to]).slice(-1));
  },
};

/** Operators that take signals apart into waves. */
export const spectra: Operators = { DFT: dft, STFT: stft };
