import { arithmetic } from "../arithmetic.ts";
import type { Node, Value } from "../model.ts";
import { intAttribute } from "../node.ts";
import { floatTensor, sizeOf } from "../tensor.ts";
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
  readonly ofInput: () => Value;
  /** [directions, H, n H], of n gates from one on. */
  readonly ofState: (first: number, count: number) => Value;
  /** [directions, 1, n H], of the input or of the state. */
  readonly bias: (of: "input" | "state", first: number, count: number) => Value;
  /** [directions, 1, H] of an LSTM's i, o and f; `null` for none. */
  readonly peepholes: readonly Value[] | null;
}

/** Written as nodes, since exporters put weights together from others. */
export function weightsOf(node: Node, emitter: Emitter, given: Recurrence): Weights {
  const { hidden, gates, isReversed } = given;
  const [, w = "", r = "", b = "", , , , p = ""] = node.inputs;
  const turned = (value: Value) => emitter.emit("Transpose", [value], { perm: [0, 2, 1] });
  const part = (value: Value, axis: number, first: number, count: number) => {
    const bounds = [first * hidden, (first + count) * hidden, axis];
    return emitter.emit("Slice", [value, ...bounds.map((bound) => emitter.ints(bound))]);
  };
  const row = (value: Value, first: number, count: number) =>
    emitter.emit("Unsqueeze", [part(value, 1, first, count), emitter.ints(1)]);
  return {
    ofInput: () => turned(w),
    ofState: (first, count) => part(turned(r), 2, first, count),
    bias: (of, first, count) =>
      b
        ? row(b, of === "input" ? first : gates + first, count)
        : zeros(emitter, [isReversed.length, 1, count * hidden]),
    peepholes: p ? [0, 1, 2].map((gate) => row(p, gate, 1)) : null,
  };
}

export function zeros(emitter: Emitter, shape: readonly number[]): Value {
  return emitter.constant(floatTensor(shape, new Float32Array(sizeOf(shape))));
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

/** X W + B, B the biases of the input and those given of the state. */
function projection({ emitter, given, weights }: CellContext, ofState: Value) {
  const { add } = arithmetic(emitter);
  const bias = add(weights.bias("input", 0, given.gates), ofState);
  const w = weights.ofInput();
  return (x: Value) => add(emitter.emit("MatMul", [x, w]), bias);
}

const rnn: MakeCell = (context) => {
  const { node, emitter, weights } = context;
  const { add } = arithmetic(emitter);
  const [f] = activationsOf(node);
  const r = weights.ofState(0, 1);
  return {
    project: projection(context, weights.bias("state", 0, 1)),
    step: (part, [h]) => [emitter.emit(f!, [add(part, emitter.emit("MatMul", [h!, r]))])],
  };
};

const gru: MakeCell = (context) => {
  const { node, emitter, given, weights } = context;
  const emit = emitter.emit.bind(emitter);
  const { add, sub, mul } = arithmetic(emitter);
  const [f, g] = activationsOf(node);
  const { hidden } = given;
  const isBefore = intAttribute(node, "linear_before_reset", 0) === 1;
  // what is reset keeps its own bias
  const none = zeros(emitter, [given.isReversed.length, 1, hidden]);
  const added = isBefore
    ? emit("Concat", [weights.bias("state", 0, 2), none], { axis: 2 })
    : weights.bias("state", 0, 3);
  const [gatesR, newR] = [weights.ofState(0, 2), weights.ofState(2, 1)];
  const newB = weights.bias("state", 2, 1);
  const one = emitter.scalar(1);
  return {
    project: projection(context, added),
    step: (part, [h]) => {
      const [ofGates, ofNew] = emitter.splitAt(part, [2 * hidden, hidden], 3);
      const open = emit(f!, [add(ofGates!, emit("MatMul", [h!, gatesR]))]);
      const [z, r] = emitter.split(open, 2, 3);
      const reset = isBefore
        ? mul(r!, add(emit("MatMul", [h!, newR]), newB))
        : emit("MatMul", [mul(r!, h!), newR]);
      const n = emit(g!, [add(ofNew!, reset)]);
      const kept = mul(z!, h!);
      return [add(mul(sub(one, z!), n), kept)];
    },
  };
};

const lstm: MakeCell = (context) => {
  const { node, emitter, weights } = context;
  const emit = emitter.emit.bind(emitter);
  const { add, mul } = arithmetic(emitter);
  const [s, g, k] = activationsOf(node);
  const r = weights.ofState(0, 4);
  const { peepholes } = weights;
  const gate = (sum: Value, peephole: number, c: Value) => {
    const p = peepholes?.[peephole];
    return emit(s!, [p ? add(sum, mul(p, c)) : sum]);
  };
  return {
    project: projection(context, weights.bias("state", 0, 4)),
    step: (part, [h, c]) => {
      const sums = add(part, emit("MatMul", [h!, r]));
      const [i, o, f, n] = emitter.split(sums, 4, 3);
      const kept = mul(gate(f!, 2, c!), c!);
      const cell = add(kept, mul(gate(i!, 0, c!), emit(g!, [n!])));
      return [mul(gate(o!, 1, cell), emit(k!, [cell])), cell];
    },
  };
};

export const CELLS: Readonly<Record<string, MakeCell>> = { RNN: rnn, GRU: gru, LSTM: lstm };
