import type { Node, Value } from "../model.ts";
import { firstOutput, intAttribute, mismatch, requiredInput } from "../node.ts";
import { filled } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { integer, passOn } from "./control-flow.ts";
import { constantInts } from "./inputs.ts";
import type { Expand, Expansion, Operators } from "./operator.ts";

/** Elements of a sequence that take as much as a node. */
const ELEMENTS_PER_NODE = 32;

/** Notes which values the sequence holds that the node makes: nothing is computed for it. */
function note(node: Node, expansion: Expansion, elements: readonly Value[]): void {
  expansion.count(elements.length / ELEMENTS_PER_NODE);
  const output = firstOutput(node);
  if (output) expansion.sequences.set(output, elements);
}

/** The elements of the first input. @throws ModelError if they are not known */
function elementsOf(node: Node, expansion: Expansion): readonly Value[] {
  const value = requiredInput(node, 0);
  const elements = expansion.sequences.get(value);
  if (elements) return elements;
  const { type } = expansion.factsOf(value);
  throw mismatch(node, `input 0 must be a sequence, got a tensor of ${type}`);
}

/** The second input as a place among `count`; `fallback` where it is left out. */
function place(
  node: Node,
  expansion: Expansion,
  { count, fallback }: { readonly count: number; readonly fallback: number },
): number {
  const value = node.inputs[1];
  const stated = value ? integer(node, expansion, value, "the position") : fallback;
  const position = stated < 0 ? stated + count : stated;
  if (position >= 0 && position < count) return position;
  throw mismatch(node, `position ${stated} of a sequence of ${count}`);
}

const insert: Expand = (node, expansion) => {
  const elements = elementsOf(node, expansion);
  const { length } = elements;
  // behind the last is a place too, but -1 is the last's own
  const stated = node.inputs[2] ? integer(node, expansion, node.inputs[2], "the position") : length;
  const position = stated < 0 ? stated + length : stated;
  if (position < 0 || position > length) {
    throw mismatch(node, `position ${stated} of a sequence of ${length}`);
  }
  note(node, expansion, elements.toSpliced(position, 0, requiredInput(node, 1)));
};

const erase: Expand = (node, expansion) => {
  const elements = elementsOf(node, expansion);
  const position = place(node, expansion, { count: elements.length, fallback: -1 });
  note(node, expansion, elements.toSpliced(position, 1));
};

const at: Expand = (node, expansion) => {
  const elements = elementsOf(node, expansion);
  requiredInput(node, 1);
  const position = place(node, expansion, { count: elements.length, fallback: 0 });
  passOn(node, expansion.emitter, [elements[position]!]);
};

const length: Expand = (node, expansion) => {
  const { emitter } = expansion;
  passOn(node, emitter, [emitter.int(elementsOf(node, expansion).length)]);
};

/** One tensor of all, along an axis that they have or, with `new_axis`, that they get. */
const joined: Expand = (node, expansion) => {
  const { emitter } = expansion;
  const elements = elementsOf(node, expansion);
  const axis = intAttribute(node, "axis");
  if (elements.length === 0) throw mismatch(node, "an empty sequence");
  const inserted = emitter.ints(axis);
  const isNew = intAttribute(node, "new_axis", 0) === 1;
  const inputs = isNew
    ? elements.map((value) => emitter.emit("Unsqueeze", [value, inserted]))
    : elements;
  emitter.add({ ...node, op: "Concat", inputs, attributes: { axis } });
};

/**
 * Parts along an axis: of given lengths, of one length but for the last, or, without either, of
 * length 1. Of parts of length 1 the axis is dropped unless `keepdims`, as PyTorch writes `unbind`
 * and ONNX Runtime reads it; by the letter of SplitToSequence-11 not where the 1 is given.
 */
const split: Expand = (node, expansion) => {
  const { emitter, factsOf } = expansion;
  const [x, lengths] = [requiredInput(node, 0), node.inputs[1]];
  const stated = lengths ? factsOf(lengths) : null;
  const given = constantInts(node, [null, stated], 1);
  const axis = intAttribute(node, "axis", 0);
  if (given && stated!.shape.length === 1) {
    note(node, expansion, emitter.splitAt(x, given, axis));
    return;
  }
  const { shape } = factsOf(x);
  const whole = shape[normaliseAxis(node, axis, shape.length)]!;
  const part = given?.[0] ?? 1;
  if (part < 1 || whole === 0) throw mismatch(node, `parts of ${part} of an axis of ${whole}`);
  const count = Math.ceil(whole / part);
  expansion.count(count);
  const sizes = [...filled(count - 1, part), whole - (count - 1) * part];
  const parts = count > 1 ? emitter.splitAt(x, sizes, axis) : [x];
  if (part > 1 || intAttribute(node, "keepdims", 1) !== 0) {
    note(node, expansion, parts);
    return;
  }
  const dropped = emitter.ints(axis);
  const squeezed = parts.map((value) => emitter.emit("Squeeze", [value, dropped]));
  note(node, expansion, squeezed);
};

/** Operators on sequences, which are known before the network runs: lists of its values. */
export const sequences: Operators = {
  SequenceEmpty: { expand: (node, expansion) => note(node, expansion, []) },
  SequenceConstruct: { expand: (node, expansion) => note(node, expansion, node.inputs) },
  SequenceInsert: { expand: insert },
  SequenceErase: { expand: erase },
  SequenceAt: { expand: at },
  SequenceLength: { expand: length },
  ConcatFromSequence: { expand: joined },
  SplitToSequence: { expand: split },
};
