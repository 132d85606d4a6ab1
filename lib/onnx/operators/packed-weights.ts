import { DataType } from "../element-type.ts";
import type { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { intAttribute, mismatch, nodeError, requiredInput } from "../node.ts";
import { floatTensor, type FloatTensor, formatShape, sizeOf, type Tensor } from "../tensor.ts";
import { plainName } from "./grid-emitter.ts";
import { Emitter, type Rewriting, type Upgrade } from "./upgrade.ts";

/** How weights [N, K] lie in bytes: [N, blocks, bytes of a block]. */
interface Packing {
  /** K. */
  readonly rows: number;
  /** N. */
  readonly columns: number;
  readonly bits: number;
  /** Neighbours along K that share a scale and a zero point. */
  readonly blockSize: number;
  /** So many of them for each column. */
  readonly blocks: number;
}

const BITS_OF_A_BYTE = 8;

/**
 * MatMulNBits: Y = A W^T + bias, W [N, K] of integers of 2, 4 or 8 bits, of which a byte has
 * several, the first in its lowest bits.
 *
 *     W[n, k] = (integer - zero point) scale, both those of k's block
 *
 * A: [..., K]; scales: [N, blocks]; zero points: packed as the weights are, [N, bytes], or numbers
 * [N, blocks], by default the middle of the range.
 *
 * Source: ONNX Runtime 1.30, docs/ContribOperators.md.
 */
export const matMulNBits: Upgrade = (node, rewriting) => {
  const emitter = plainNode(node, rewriting);
  const inputs = [requiredInput(node, 0), unpacked(node, rewriting)];
  const bias = node.inputs[5];
  if (!bias) return emitter.ending("MatMul", inputs);
  return emitter.ending("Add", [emitter.emit("MatMul", inputs), bias]);
};

/** What four bits stand for, as shares of the largest number of a block. */
const SHARES = {
  fp4: [0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4],
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1,
  ],
} as const;
const BNB4_TYPES = [[...SHARES.fp4, ...SHARES.fp4.map((share) => -share)], SHARES.nf4] as const;

/**
 * MatMulBnb4: Y = A W^T, W [N, K] of one of 16 numbers each, two in a byte, the first in its higher
 * bits; blocks of neighbours, row after row of W, share what these are to be multiplied by.
 *
 * Source: ONNX Runtime 1.30, docs/ContribOperators.md; the numbers are bitsandbytes'.
 */
export const matMulBnb4: Upgrade = (node, rewriting) => {
  const [rows, columns] = [intAttribute(node, "K"), intAttribute(node, "N")];
  const blockSize = intAttribute(node, "block_size");
  const type = intAttribute(node, "quant_type", 1);
  const shares = BNB4_TYPES[type];
  if (shares === undefined) throw refusal(node, `quant_type ${type}`);
  if (rows < 1 || columns < 1 || blockSize < 1) {
    throw mismatch(node, `blocks of ${blockSize} in weights ${formatShape([columns, rows])}`);
  }
  const count = rows * columns;
  const names = [1, 2].map((index) => requiredInput(node, index));
  const [weights, scales] = names.map((name) => numbersOf(node, rewriting.constantOf(name)));
  requireSize(node, weights!, Math.ceil(count / 2));
  requireSize(node, scales!, Math.ceil(count / blockSize));
  const value = rewriting.numbers.constant([names, rows, columns, blockSize, type], count, () => {
    const made = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const byte = weights!.data[Math.floor(i / 2)]!;
      const share = shares[i % 2 === 0 ? byte >> 4 : byte & 15]!;
      const [column, row] = [Math.floor(i / rows), i % rows];
      made[row * columns + column] = share * scales!.data[Math.floor(i / blockSize)]!;
    }
    return rewriting.constant(floatTensor([rows, columns], made), plainName(names[0]!));
  });
  if (value === null) throw refusal(node, TOO_MANY);
  return plainNode(node, rewriting).ending("MatMul", [requiredInput(node, 0), value]);
};

const TOO_MANY = "more weights than the file has numbers for";

/** Writes what a node was before a quantiser changed it. */
function plainNode(node: Node, rewriting: Rewriting): Emitter {
  const plain: Node = { ...node, name: plainName(node.name), quantised: "operator" };
  return new Emitter(plain, rewriting, { quantised: "operator" });
}

/** The weights as a constant [K, N]. */
function unpacked(node: Node, { constantOf, constant, numbers }: Rewriting): Value {
  const packing = packingOf(node);
  const names = [1, 2].map((index) => requiredInput(node, index));
  const zeroPoint = node.inputs[3] ?? "";
  const [weights, scales, zeros] = [...names, zeroPoint].map((name) =>
    name === "" ? null : numbersOf(node, constantOf(name)),
  );
  if (node.inputs[4]) throw refusal(node, "an order of the weights of its own (g_idx)");
  const { rows, columns, blocks } = packing;
  requireSize(node, weights!, columns * blocks * bytesOf(packing.blockSize, packing));
  requireSize(node, scales!, columns * blocks);
  const isPacked = zeros?.stored === DataType.uint8;
  if (zeros) requireSize(node, zeros, columns * (isPacked ? bytesOf(blocks, packing) : blocks));
  const make = () => {
    const numberOf = zeroPointsOf(packing, zeros ?? null, isPacked);
    const made = multiplied(packing, [weights!, scales!], numberOf);
    return constant(floatTensor([rows, columns], made), plainName(names[0]!));
  };
  // a file has two numbers in each byte, or four half as many
  const counted = (rows * columns * packing.bits) / 4;
  const value = numbers.constant([names, zeroPoint, packing], counted, make);
  if (value === null) throw refusal(node, TOO_MANY);
  return value;
}

function packingOf(node: Node): Packing {
  const [rows, columns] = [intAttribute(node, "K"), intAttribute(node, "N")];
  const blockSize = intAttribute(node, "block_size");
  const bits = intAttribute(node, "bits", 4);
  if (![2, 4, 8].includes(bits)) throw refusal(node, `integers of ${bits} bits`);
  const isWhole = (blockSize * bits) % BITS_OF_A_BYTE === 0;
  if (blockSize < 1 || !isWhole || rows < 1 || columns < 1) {
    throw mismatch(node, `blocks of ${blockSize} in weights ${formatShape([columns, rows])}`);
  }
  return { rows, columns, bits, blockSize, blocks: Math.ceil(rows / blockSize) };
}

function bytesOf(integers: number, { bits }: Packing): number {
  return Math.ceil((integers * bits) / BITS_OF_A_BYTE);
}

/** One of the integers that bytes have from `start` on. */
function integerAt(bytes: Float32Array, start: number, index: number, { bits }: Packing): number {
  const bit = index * bits;
  const byte = bytes[start + Math.floor(bit / BITS_OF_A_BYTE)]!;
  return (byte >> (bit % BITS_OF_A_BYTE)) & (2 ** bits - 1);
}

/** The zero point of a column's block. */
function zeroPointsOf(packing: Packing, zeros: FloatTensor | null, isPacked: boolean) {
  const { bits, blocks } = packing;
  if (zeros === null) return () => 2 ** (bits - 1);
  if (!isPacked) return (column: number, block: number) => zeros.data[column * blocks + block]!;
  const bytes = bytesOf(blocks, packing);
  return (column: number, block: number) => integerAt(zeros.data, column * bytes, block, packing);
}

function multiplied(
  packing: Packing,
  [weights, scales]: readonly [FloatTensor, FloatTensor],
  zeroPointOf: (column: number, block: number) => number,
): Float32Array {
  const { rows, columns, blockSize, blocks } = packing;
  const bytes = bytesOf(blockSize, packing);
  const made = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const block = Math.floor(row / blockSize);
      const at = column * blocks + block;
      const integer = integerAt(weights.data, at * bytes, row % blockSize, packing);
      made[row * columns + column] = (integer - zeroPointOf(column, block)) * scales.data[at]!;
    }
  }
  return made;
}

function numbersOf(node: Node, tensor: Tensor | null): FloatTensor {
  if (tensor?.type === "float32") return tensor;
  throw refusal(node, "weights, scales or zero points that are no constants");
}

function requireSize(node: Node, { shape }: FloatTensor, size: number): void {
  if (sizeOf(shape) === size) return;
  throw mismatch(node, `packed weights have ${formatShape(shape)}, wanted ${size} elements`);
}

function refusal(node: Node, what: string): ModelError {
  return nodeError(node, `${what} is not supported; use the model as it was exported`);
}
