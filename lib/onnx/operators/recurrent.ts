import { MAX_MADE_ELEMENTS, MAX_STEPS, requireWithin } from "../budgets.ts";
import type { Node, Value } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  mismatch,
  nodeError,
  operatorsNamed,
  stringAttribute,
} from "../node.ts";
import { formatShape, toNumbers } from "../tensor.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Infer, Operators, Unroll } from "./operator.ts";
import {
  activationsOf,
  CELLS,
  DEFAULT_ACTIVATIONS,
  type Recurrence,
  weightsOf,
  zeros,
} from "./recurrent-cells.ts";

/** Gates of each cell, one after the other in its weights. */
const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };

/** @throws ShapeMismatchError if the inputs do not fit together */
function parse(node: Node, inputs: Inputs): Recurrence {
  const { shape } = input(node, inputs, 0);
  if (shape.length !== 3) throw mismatch(node, `wants steps of 3 axes, got ${formatShape(shape)}`);
  const [steps, batch, width] = shape as [number, number, number];
  const direction = stringAttribute(node, "direction", "forward");
  const isReversed = direction === "bidirectional" ? [false, true] : [direction === "reverse"];
  const gates = GATES[node.op]!;
  const [weights, recurrent] = [input(node, inputs, 1).shape, input(node, inputs, 2).shape];
  const hidden = recurrent[2] ?? 0;
  const wanted = (columns: number) => [isReversed.length, gates * hidden, columns].join();
  if (weights.join() !== wanted(width) || recurrent.join() !== wanted(hidden)) {
    throw mismatch(
      node,
      `weights ${formatShape(weights)} and ${formatShape(recurrent)} on steps ${formatShape(shape)}`,
    );
  }
  return { steps, batch, width, hidden, gates, isReversed };
}

/**
 * Y [T, directions, N, H], the last state of each direction [directions, N, H], and an LSTM's cell.
 */
const infer: Infer = (node, inputs) => {
  const { steps, batch, hidden, isReversed } = parse(node, inputs);
  const last = [isReversed.length, batch, hidden];
  const all = [steps, ...last];
  const shapes = node.op === "LSTM" ? [all, last, last] : [all, last];
  return shapes.map((shape) => ({ type: "float32", shape }));
};

/**
 * Writes a recurrent node step by step, all directions of a step at once:
 *
 *     RNN   h = f(x W + h R + B)
 *     GRU   z, r = f(x W + h R + B);  n = g(x W + (r h) R + B);  h = (1 - z) n + z h
 *     LSTM  i, o, f = s(x W + h R + B + P c);  c = f c + i g(x W + h R + B);  h = o k(c)
 *
 * B is the sum of both biases, but for a GRU with `linear_before_reset`, n = g(x W + B + r (h R +
 * B')). The o of an LSTM sees the new c. x [N, I], h and c [N, H].
 *
 * Source: ONNX operators RNN-14, GRU-14, LSTM-14.
 *
 * @throws ModelError for lengths that differ, and modes that are not supported
 */
const unroll: Unroll = (node, inputs, emitter) => {
  const given = parse(node, inputs);
  const { steps, hidden, isReversed } = given;
  refuseModes(node, inputs, given);
  const emit = emitter.emit.bind(emitter);
  const ints = emitter.ints.bind(emitter);
  const [x = "", , , , , h0 = "", c0 = ""] = node.inputs;

  /** The order of the steps turned, where a direction is reversed: [T, ...]. */
  const backwards = emitter.ints(...Array.from({ length: steps }, (_, t) => steps - 1 - t));
  const turned = (value: Value, index: number) =>
    isReversed[index] ? emit("Gather", [value, backwards], { axis: 0 }) : value;
  const each = isReversed.map((_, d) => emit("Unsqueeze", [turned(x, d), ints(1)]));

  const cell = CELLS[node.op]!({ node, emitter, given, weights: weightsOf(node, emitter, given) });
  const projected = cell.project(emitter.join(each, 1));
  const parts = emitter.split(projected, steps, 0);
  let state: readonly Value[] = [h0, c0]
    .slice(0, node.op === "LSTM" ? 2 : 1)
    .map((initial) =>
      initial ? emit("Unsqueeze", [initial, ints(0)]) : zeros(emitter, [1, 1, 1, hidden]),
    );
  const outputs = parts.map((part) => {
    state = cell.step(part, state);
    return state[0]!;
  });

  const end = (output: Value | undefined, write: () => Value) => {
    if (output) emitter.pass(write(), output);
  };
  end(node.outputs[0], () => {
    const joined = emitter.join(outputs, 0);
    const own = isReversed.map((_, d) =>
      turned(isReversed.length > 1 ? emit("Gather", [joined, ints(d)], { axis: 1 }) : joined, d),
    );
    return emitter.join(own, 1);
  });
  state.forEach((value, i) => end(node.outputs[i + 1], () => emit("Squeeze", [value, ints(0)])));
};

function refuseModes(
  node: Node,
  inputs: Inputs,
  { steps, hidden, gates, isReversed }: Recurrence,
): void {
  const refuse = (what: string): never => {
    throw nodeError(node, `${what}; choose a layer before it`);
  };
  const lengths = inputs[4];
  if (lengths && (!lengths.constant || toNumbers(lengths.constant).some((n) => n !== steps))) {
    refuse("sequences of different lengths are not supported");
  }
  if (intAttribute(node, "layout", 0) === 1) refuse("layout 1 is not supported");
  if (steps === 0) throw mismatch(node, "a sequence of no steps");
  const states = isReversed.length * gates * hidden;
  requireWithin(node, states, "states", MAX_MADE_ELEMENTS);
  requireWithin(node, steps, "steps", MAX_STEPS);
  if (floatAttribute(node, "clip", 0) > 0) refuse("clip is not supported");
  if (intAttribute(node, "input_forget", 0) === 1) refuse("input_forget is not supported");
  const names = activationsOf(node);
  const perDirection = DEFAULT_ACTIVATIONS[node.op]!.length;
  const isOdd = (name: string, i: number) =>
    !PLAIN.has(name) || name !== names[i % perDirection] || i >= perDirection * isReversed.length;
  if (
    "activation_alpha" in node.attributes ||
    "activation_beta" in node.attributes ||
    names.some(isOdd)
  ) {
    refuse(`activations ${names.join(", ")} are not supported`);
  }
}

/** Activations that are operators of their own, with no number to choose. */
const PLAIN = operatorsNamed("Relu Tanh Sigmoid Softsign Softplus");

/** Operators that go along a sequence with a state. */
export const recurrences: Operators = {
  RNN: { infer, unroll },
  GRU: { infer, unroll },
  LSTM: { infer, unroll },
};
