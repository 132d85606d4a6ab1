import { BudgetError, MAX_MADE_ELEMENTS } from "../budgets.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute, mismatch, requiredInput } from "../node.ts";
import { floatTensor, formatShape, numbersIn } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import {
  constantInts,
  constantNumbers,
  input,
  type Inputs,
  ofInputType,
  requiredInts,
} from "./inputs.ts";
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
  const { shape } = input(node, inputs, 0);
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
  return { shape, axis, transform, outputShape };
}

/** Of the axes that a transform leaves alone. */
const LETTERS = "abcdefghijlmorstuvwxyz".split("");

/**
 * A product along the axis and that of the parts together, by an Einsum: a MatMul would have both
 * brought to the end, and its columns are taken for channels.
 */
const dft: Operator = {
  infer: ofInputType((node, inputs) => parseDft(node, inputs).outputShape),
  unroll: (node, inputs, emitter) => {
    const { shape, axis, transform } = parseDft(node, inputs);
    const { given, parts, bins, madeParts } = transform;
    const matrix = floatTensor([given, parts, bins, madeParts], matrixOf(node, transform));
    const others = LETTERS.slice(0, shape.length - 1);
    const [from, to] = [others.with(axis, "n"), others.with(axis, "k")].map((term) =>
      term.join(""),
    );
    const equation = `${from}p,npkq->${to}q`;
    const factors = [requiredInput(node, 0), emitter.constant(matrix)];
    emitter.end("Einsum", factors, { equation });
  },
  // the axis became an input
  upgrade: (node, { opset, constantOf }) => {
    if (opset < 20) return [node];
    const value = node.inputs[2];
    const axis = value ? numbersIn(constantOf(value))?.[0] : -2;
    if (axis === undefined) throw notInOpset18(node, "an axis that is computed");
    const { attributes } = withoutAttributes(node, "axis");
    const inputs = node.inputs[1] ? node.inputs.slice(0, 2) : node.inputs.slice(0, 1);
    return [{ ...node, inputs, attributes: { ...attributes, axis } }];
  },
};

/** Signal [B, L] or [B, L, 1 or 2] -> Y [B, frames, bins, 2]. */
function parseStft(node: Node, inputs: Inputs) {
  const { shape } = input(node, inputs, 0);
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
  return { step: step!, window, transform, outputShape: [batch!, frames, bins, 2] };
}

/** A convolution of the signal: each bin of a frame is the frame times a window of sines. */
const stft: Operator = {
  infer: ofInputType((node, inputs) => parseStft(node, inputs).outputShape),
  unroll: (node, inputs, emitter) => {
    const { step, window, transform, outputShape } = parseStft(node, inputs);
    const { length, parts, bins } = transform;
    const matrix = matrixOf(node, transform);
    // real parts of all bins, then imaginary ones: bins are the channels of what is made
    const kernel = new Float32Array(matrix.length);
    for (let made = 0; made < 2 * bins; made++) {
      const column = (made % bins) * 2 + Math.floor(made / bins);
      for (let n = 0; n < length; n++) {
        for (let part = 0; part < parts; part++) {
          const weight = matrix[(n * parts + part) * 2 * bins + column]!;
          kernel[(made * parts + part) * length + n] = weight * (window?.[n] ?? 1);
        }
      }
    }
    const [batch, frames] = outputShape as [number, number];
    const signal = input(node, inputs, 0).shape[1]!;
    const points = emitter.ints(batch, signal, parts);
    const ranked = emitter.emit("Reshape", [requiredInput(node, 0), points]);
    const x = emitter.emit("Transpose", [ranked], { perm: [0, 2, 1] });
    const w = emitter.constant(floatTensor([2 * bins, parts, length], kernel));
    const y = emitter.emit("Conv", [x, w], { kernel_shape: [length], strides: [step] });
    const pairs = emitter.emit("Reshape", [y, emitter.ints(batch, 2, bins, frames)]);
    emitter.end("Transpose", [pairs], { perm: [0, 3, 2, 1] });
  },
};

/** Operators that take signals apart into waves. */
export const spectra: Operators = { DFT: dft, STFT: stft };
