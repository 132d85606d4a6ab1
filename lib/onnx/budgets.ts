import { ModelError } from "./errors.ts";
import type { Node } from "./model.ts";
import { describeNode } from "./node.ts";

/*
 * What one model may ask for, wherever it comes from. A file of a few hundred bytes can describe
 * more work than any machine has; whatever is within these budgets is read and analysed in seconds
 * and in less than a gigabyte. The largest networks that exporters write stay far below them.
 */

/** Of one file, 2 GiB: what protobuf can say, and ONNX Runtime takes. */
export const MAX_FILE_BYTES = 2 ** 31;

/**
 * Of all weights together, 4 GiB, counted as often as the file names them: tensors may share bytes,
 * but those of half precision become tensors of their own.
 */
export const MAX_WEIGHT_BYTES = 2 ** 32;

/**
 * Nodes of a file, those of its subgraphs too, and of what is made of it as opset 18: a Swin
 * transformer has about 4,000. A small file has fewer, so that it is answered within three seconds;
 * exporters write some 800 bytes for a node beside the weights, so that a larger graph is a larger
 * file.
 */
export function maxNodes(fileBytes: number): number {
  return Math.min(Math.max(MIN_NODES, Math.floor(fileBytes / BYTES_PER_NODE)), MAX_NODES);
}

const MIN_NODES = 12_000;
const MAX_NODES = 30_000;
const BYTES_PER_NODE = 833;

/** Names that nodes read and write, in all: a node has three or four. */
export const MAX_EDGES = 400_000;

/**
 * Protobuf messages in all, each of which becomes an object of some 200 bytes: a node's attributes
 * and what exporters note of it are a dozen.
 */
export const maxMessages = (fileBytes: number): number => MESSAGES_PER_NODE * maxNodes(fileBytes);

const MESSAGES_PER_NODE = 15;

/** Bytes of numbers in attributes, in all: a node has some ten, and large lists are tensors. */
export const MAX_ATTRIBUTE_BYTES = 2 ** 20;

/** Messages inside messages: six levels lead to a tensor, four more into a branch of an If. */
export const MAX_NESTING = 64;

/** Planes of an image: sensors of many wavelengths have some hundred. */
export const MAX_PLANES = 4_096;

/** Axes of a tensor: NumPy 1 has 32 too. */
export const MAX_RANK = 32;

/** Elements of one value, 4 GiB as float32: more than a worker's memory. */
export const MAX_ELEMENTS = 2 ** 30;

/**
 * Elements that folding makes anew in one walk over the graph, 16 MB as int64; the rest stays
 * nodes. Shapes need thousands, a grid of positions a million.
 */
const MAX_FOLDED_ELEMENTS = 2 ** 21;

/**
 * Elements that folding reads for it: a quarter of a second's work, and a graph is walked thrice.
 */
const MAX_READ_ELEMENTS = 2 ** 21;

/** Shapes and indices, without which nothing after them is known. */
const ALWAYS_FOLDED_ELEMENTS = 64;

/** Numbers in a constant that decides a shape: as many as a Split may have parts. */
export const MAX_SHAPE_NUMBERS = 4_096;

/** Products of numbers that folding asks ONNX Runtime for in all: about a second on one core. */
export const MAX_FOLDED_PRODUCTS = 2 ** 33;

/** Steps of a recurrent node, and rounds of a Loop: a line of text has some hundred. */
export const MAX_STEPS = 1_024;

/** Nodes that the steps of all recurrent nodes together become, and the rounds of all Loops. */
export const MAX_UNROLLED_NODES = 30_000;

/** Nodes of a graph that we write, forward and backward pass: GoogLeNet's has under 2,000. */
export const MAX_EMITTED_NODES = 50_000;

/**
 * Elements of constants that a graph we write needs besides the weights, 128 MB: matrices of a
 * Resize, sums over channels, the gradient of strided windows.
 */
export const MAX_MADE_ELEMENTS = 2 ** 25;

/** A model asks for more than its budget. */
export class BudgetError extends ModelError {
  /**
   * @param where the node that asks, or the file
   * @param wanted with its unit: "60000 nodes"
   */
  constructor(where: string, wanted: string, most: number) {
    super(`${where} has ${wanted}, and at most ${most} are read; use a smaller model`);
  }
}

/**
 * @param where the node that asks, or what has a name of its own
 * @param what the things counted: "nodes"
 * @throws BudgetError where there are more than `most`
 */
export function requireWithin(
  where: Node | string,
  count: number,
  what: string,
  most: number,
): void {
  if (count <= most) return;
  const place = typeof where === "string" ? where : describeNode(where);
  throw new BudgetError(place, `${count} ${what}`, most);
}

/** Counts what folding makes, over a whole graph. */
export class FoldingBudget {
  #toMake = MAX_FOLDED_ELEMENTS;
  #toRead = MAX_READ_ELEMENTS;

  /**
   * Whether so many elements may be made of so many; once the budget is used up, small tensors
   * alone.
   */
  take(made: number, read: number): boolean {
    if (made > Math.max(this.#toMake, ALWAYS_FOLDED_ELEMENTS)) return false;
    if (read > Math.max(this.#toRead, ALWAYS_FOLDED_ELEMENTS)) return false;
    this.#toMake -= made;
    this.#toRead -= read;
    return true;
  }
}
