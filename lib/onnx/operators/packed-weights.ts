import { DataType } from "../element-type.ts";
import { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { describeNode, intAttribute, mismatch, requiredInput } from "../node.ts";
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
  const plain: Node = { ...node, name: plainName(node.name), quantised: "operator" };
  const emitter = new Emitter(plain, rewriting, { quantised: "operator" });
  const inputs = [requiredInput(node, 0), unpacked(node, rewriting)];
  const bias = node.inputs[5];
  if (!bias) return emitter.ending("MatMul", inputs);
  return emitter.ending("Add", [emitter.emit("MatMul", inputs), bias]);
};

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
  if (value === null) throw refusal(node, "more weights than the file has numbers for");
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
  return new ModelError(
    `${describeNode(node)}: ${what} is not supported; use the model as it was exported`,
  );
}
