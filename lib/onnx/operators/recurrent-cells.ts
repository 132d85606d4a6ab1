import { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { describeNode, intAttribute } from "../node.ts";
import { floatTensor, type FloatTensor, lateFloatTensor } from "../tensor.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Emitter } from "./upgrade.ts";

/** What an RNN, GRU or LSTM node is at the size of its input. */
export interface Recurrence {
  /** Steps T, images N, widths of input and state. */
  readonly steps: number;
  readonly batch: number;
  readonly width: number;
  readonly hidden: number;
  readonly gates: number;
  /** Of each direction, whether it goes from the last step to the first. */
  readonly isReversed: readonly boolean[];
}

/** Activations of each cell, where the node names none. */
export const DEFAULT_ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  RNN: ["Tanh"],
  GRU: ["Sigmoid", "Tanh"],
  LSTM: ["Sigmoid", "Tanh", "Tanh"],
};

export function activationsOf(node: Node): readonly string[] {
  const given = node.attributes["activations"];
  const isList = Array.isArray(given) && given.every((name) => typeof name === "string");
  return isList ? given : DEFAULT_ACTIVATIONS[node.op]!;
}

/** Weights and biases by gate, as the steps read them: a product from the right. */
interface Weights {
  /** [directions, I, gates H], of all gates. */
  readonly ofInput: FloatTensor;
  /** [directions, H, n H], of n gates from one on. */
  readonly ofState: (first: number, count: number) => FloatTensor;
  /** [directions, 1, n H]: of the input, and of the state. */
  readonly biases: (first: number, count: number) => readonly [FloatTensor, FloatTensor];
  /** [directions, 1, H] of an LSTM's i, o and f; `null` for none. */
  readonly peepholes: readonly FloatTensor[] | null;
}

export function weightsOf(node: Node, inputs: Inputs, given: Recurrence): Weights {
  const { width, hidden, gates, isReversed } = given;
  const count = isReversed.length;
  const constant = (index: number): FloatTensor => {
    const tensor = input(node, inputs, index).constant;
    if (tensor?.type === "float32") return tensor;
    throw new ModelError(
      `${describeNode(node)}: weights that are computed are not supported; choose a layer before it`,
    );
  };
  /** Of [directions, rows, columns] some rows, as columns. */
  const turned = (tensor: FloatTensor, columns: number, first: number, rows: number) =>
    lateFloatTensor([count, columns, rows], () => {
      const perDirection = tensor.data.length / count;
      return Float32Array.from({ length: count * columns * rows }, (_, i) => {
        const [d, rest] = [Math.floor(i / (columns * rows)), i % (columns * rows)];
        const [column, row] = [Math.floor(rest / rows), rest % rows];
        return tensor.data[d * perDirection + (first + row) * columns + column]!;
      });
    });
  const part = (tensor: FloatTensor | null, first: number, length: number) => {
    const perDirection = (tensor?.data.length ?? 0) / count;
    const data = Float32Array.from({ length: count * length }, (_, i) => {
      return tensor?.data[Math.floor(i / length) * perDirection + first + (i % length)] ?? 0;
    });
    return floatTensor([count, 1, length], data);
  };
  const [w, r] = [constant(1), constant(2)];
  const b = node.inputs[3] ? constant(3) : null;
  const p = node.inputs[7] ? constant(7) : null;
  return {
    ofInput: turned(w, width, 0, gates * hidden),
    ofState: (first, n) => turned(r, hidden, first * hidden, n * hidden),
    biases: (first, n) => [
      part(b, first * hidden, n * hidden),
      part(b, (gates + first) * hidden, n * hidden),
    ],
    peepholes: p && [0, 1, 2].map((k) => part(p, k * hidden, hidden)),
  };
}

interface CellContext {
  readonly node: Node;
  readonly emitter: Emitter;
  readonly given: Recurrence;
  readonly weights: Weights;
}

interface Cell {
  /** What all steps add to their gates that no state decides, [T, directions, N, gates H]. */
  readonly project: (x: Value) => Value;
  /** The states after a step. */
  readonly step: (projected: Value, states: readonly Value[]) => readonly Value[];
}

type MakeCell = (context: CellContext) => Cell;

/** X W + B, with the biases of input and state. */
function projection({ emitter, given, weights }: CellContext, own: readonly FloatTensor[]) {
  const { gates, hidden } = given;
  const [bias] = weights.biases(0, gates);
  const data = bias.data.map(
    (value, i) => value + own.reduce((sum, each) => sum + each.data[i]!, 0),
  );
  return (x: Value) => {
    const product = emitter.emit("MatMul", [x, emitter.constant(weights.ofInput)]);
    const shape = [bias.shape[0]!, 1, gates * hidden];
    return emitter.emit("Add", [product, emitter.constant(floatTensor(shape, data))]);
  };
}

const rnn: MakeCell = (context) => {
  const { node, emitter, weights } = context;
  const [f] = activationsOf(node);
  const r = emitter.constant(weights.ofState(0, 1));
  return {
    project: projection(context, [weights.biases(0, 1)[1]]),
    step: (part, [h]) => {
      const sum = emitter.emit("Add", [part, emitter.emit("MatMul", [h!, r])]);
      return [emitter.emit(f!, [sum])];
    },
  };
};

const gru: MakeCell = (context) => {
  const { node, emitter, given, weights } = context;
  const emit = emitter.emit.bind(emitter);
  const [f, g] = activationsOf(node);
  const { hidden } = given;
  const isBefore = intAttribute(node, "linear_before_reset", 0) === 1;
  const [, whole] = weights.biases(0, 3);
  // what is reset keeps its own bias
  const added = !isBefore
    ? whole
    : floatTensor(
        whole.shape,
        whole.data.map((b, i) => (i % (3 * hidden) < 2 * hidden ? b : 0)),
      );
  const gatesR = emitter.constant(weights.ofState(0, 2));
  const newR = emitter.constant(weights.ofState(2, 1));
  const newB = emitter.constant(weights.biases(2, 1)[1]);
  const one = emitter.scalar(1);
  return {
    project: projection(context, [added]),
    step: (part, [h]) => {
      const [ofGates, ofNew] = emitter.splitAt(part, [2 * hidden, hidden], 3);
      const open = emit(f!, [emit("Add", [ofGates!, emit("MatMul", [h!, gatesR])])]);
      const [z, r] = emitter.split(open, 2, 3);
      const reset = isBefore
        ? emit("Mul", [r!, emit("Add", [emit("MatMul", [h!, newR]), newB])])
        : emit("MatMul", [emit("Mul", [r!, h!]), newR]);
      const n = emit(g!, [emit("Add", [ofNew!, reset])]);
      const kept = emit("Mul", [z!, h!]);
      return [emit("Add", [emit("Mul", [emit("Sub", [one, z!]), n]), kept])];
    },
  };
};

const lstm: MakeCell = (context) => {
  const { node, emitter, weights } = context;
  const emit = emitter.emit.bind(emitter);
  const [s, g, k] = activationsOf(node);
  const r = emitter.constant(weights.ofState(0, 4));
  const peepholes = weights.peepholes?.map((p) => emitter.constant(p));
  const gate = (sum: Value, peephole: number, c: Value) => {
    const p = peepholes?.[peephole];
    return emit(s!, [p ? emit("Add", [sum, emit("Mul", [p, c])]) : sum]);
  };
  return {
    project: projection(context, [weights.biases(0, 4)[1]]),
    step: (part, [h, c]) => {
      const sums = emit("Add", [part, emit("MatMul", [h!, r])]);
      const [i, o, f, n] = emitter.split(sums, 4, 3);
      const kept = emit("Mul", [gate(f!, 2, c!), c!]);
      const cell = emit("Add", [kept, emit("Mul", [gate(i!, 0, c!), emit(g!, [n!])])]);
      return [emit("Mul", [gate(o!, 1, cell), emit(k!, [cell])]), cell];
    },
  };
};

export const CELLS: Readonly<Record<string, MakeCell>> = { RNN: rnn, GRU: gru, LSTM: lstm };
