import { BudgetError, MAX_STEPS } from "../budgets.ts";
import type { Graph, Node, Value } from "../model.ts";
import {
  describeNode,
  firstOutput,
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
} from "../node.ts";
import { isStandard } from "../readers.ts";
import { boolScalar, formatShape, sizeOf, toNumbers } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import type { Expand, Expansion, Operators } from "./operator.ts";
import { type Emitter, notInOpset18 } from "./upgrade.ts";

/** The branch that is taken, as PyTorch exports `squeeze` with a test for an axis of length 1. */
const choose: Expand = (node, expansion) => {
  const holds = isTrue(node, expansion, requiredInput(node, 0), "its condition");
  const branch = bodyOf(node, holds ? "then_branch" : "else_branch", []);
  const call = { body: branch, given: [], place: placeOf(node), unchanging: new Map() };
  passOn(node, expansion.emitter, expansion.inline(call));
};

/**
 * Round by round, as far as the condition that a round ends with is known:
 *
 *     for (i = 0; i < trip count && condition; i++)
 *       condition, carried values, scanned values = body(i, condition, carried values)
 *
 * Outputs are the carried values of the last round, and the scanned ones of all rounds stacked.
 *
 * Source: ONNX operator Loop-16.
 */
const loop: Expand = (node, expansion) => {
  const [tripCount = "", condition = "", ...initial] = node.inputs;
  const given = ["round", "condition", ...initial];
  const body = bodyOf(node, "body", given);
  const rounds = tripCount
    ? integer(node, expansion, tripCount, "how many rounds it has")
    : Infinity;
  const isVector = body.inputs[0]!.shape?.length === 1;
  const yes = expansion.emitter.constant(boolScalar(true));
  const unchanging = new Map<Value, Value>();
  let state: readonly Value[] = initial;
  const scanned: (readonly Value[])[] = [];
  let goesOn = !condition || isTrue(node, expansion, condition, "its condition");
  if (goesOn && rounds > MAX_STEPS && keepsCondition(body)) {
    throw tooMany(node, tripCount ? `${rounds} rounds` : "rounds without end");
  }
  for (let i = 0; goesOn && i < rounds; i++) {
    if (i === MAX_STEPS) throw tooMany(node, `${i + 1} or more rounds`);
    const index = isVector ? expansion.emitter.ints(i) : expansion.emitter.int(i);
    const call = {
      body,
      given: [index, yes, ...state],
      place: `${placeOf(node)}/${i}`,
      unchanging,
    };
    const [next = "", ...made] = expansion.inline(call);
    state = made.slice(0, initial.length);
    scanned.push(made.slice(initial.length));
    if (i + 1 < rounds) goesOn = isTrue(node, expansion, next, `its condition after round ${i}`);
  }
  passOn(node, expansion.emitter, [
    ...state,
    ...stacked(node, expansion.emitter, scanned, { from: initial.length, axes: [], reversed: [] }),
  ]);
};

/**
 * A round for each part of the inputs that are scanned, with that part without its axis. Carried
 * and scanned values are as those of a Loop, but stacked along other axes too, and in either order.
 *
 * Source: ONNX operator Scan-16.
 */
const scan: Expand = (node, expansion) => {
  const { emitter } = expansion;
  const count = node.inputs.length - intAttribute(node, "num_scan_inputs");
  const [initial, sources] = [node.inputs.slice(0, count), node.inputs.slice(count)];
  if (count < 0 || sources.length === 0) {
    throw mismatch(node, `${sources.length} of ${node.inputs.length} inputs to be scanned`);
  }
  const body = bodyOf(node, "body", node.inputs);
  const axes = intsAttribute(node, "scan_input_axes", []);
  const isBackward = intsAttribute(node, "scan_input_directions", []);
  const scans = sources.map((value, i) => {
    const { shape } = expansion.factsOf(value);
    const axis = normaliseAxis(node, axes[i] ?? 0, shape.length);
    return { value, axis, length: shape[axis]! };
  });
  const [rounds = 0, ...others] = scans.map(({ length }) => length);
  if (others.some((length) => length !== rounds)) {
    throw mismatch(node, `scans of ${[rounds, ...others].join(" and ")} rounds`);
  }
  if (rounds > MAX_STEPS) throw tooMany(node, `${rounds} rounds`);
  expansion.count(rounds * scans.length);
  const parts = scans.map(({ value, axis }, i) => {
    const each = rounds > 0 ? emitter.split(value, rounds, axis) : [];
    const dropped = emitter.ints(axis);
    const all = each.map((part) => emitter.emit("Squeeze", [part, dropped]));
    return isBackward[i] === 1 ? all.toReversed() : all;
  });
  const unchanging = new Map<Value, Value>();
  let state: readonly Value[] = initial;
  const scanned: (readonly Value[])[] = [];
  for (let i = 0; i < rounds; i++) {
    const given = [...state, ...parts.map((part) => part[i]!)];
    const call = { body, given, place: `${placeOf(node)}/${i}`, unchanging };
    const made = expansion.inline(call);
    state = made.slice(0, count);
    scanned.push(made.slice(count));
  }
  const how = {
    from: count,
    axes: intsAttribute(node, "scan_output_axes", []),
    reversed: intsAttribute(node, "scan_output_directions", []),
  };
  passOn(node, emitter, [...state, ...stacked(node, emitter, scanned, how)]);
};

/** How the values that rounds make are stacked: by scanned output, an axis and whether turned. */
interface Stacking {
  /** Of the node's outputs, the first that is scanned. */
  readonly from: number;
  readonly axes: readonly number[];
  readonly reversed: readonly number[];
}

function stacked(
  node: Node,
  emitter: Emitter,
  rounds: readonly (readonly Value[])[],
  { from, axes, reversed }: Stacking,
): readonly Value[] {
  return node.outputs.slice(from).map((output, k) => {
    if (!output) return "";
    const axis = axes[k] ?? 0;
    const values = rounds.map((made) => made[k] ?? "");
    if (values.length === 0) throw mismatch(node, "no rounds, of which there is nothing to stack");
    const inserted = emitter.ints(axis);
    const rows = values.map((value) => emitter.emit("Unsqueeze", [value, inserted]));
    if (reversed[k] === 1) rows.reverse();
    return emitter.join(rows, axis);
  });
}

/** The graph that is an attribute. @throws ModelError if it does not fit what it is given */
function bodyOf(node: Node, name: string, given: readonly unknown[]): Graph {
  const attribute = node.attributes[name];
  if (typeof attribute !== "object" || !("graph" in attribute)) {
    throw nodeError(node, `attribute '${name}' must be a graph`);
  }
  const { inputs } = attribute.graph;
  if (inputs.length !== given.length) {
    throw mismatch(node, `its ${name} has ${inputs.length} inputs and is given ${given.length}`);
  }
  return attribute.graph;
}

/** Values as the node's outputs. */
export function passOn(node: Node, emitter: Emitter, values: readonly Value[]): void {
  if (values.length < node.outputs.length) {
    throw mismatch(node, `${node.outputs.length} outputs, of which ${values.length} are made`);
  }
  node.outputs.forEach((output, i) => {
    if (output) emitter.pass(values[i]!, output);
  });
}

/**
 * A single integer.
 *
 * @param what it says, for messages
 * @throws ModelError if it is not known before the network runs
 */
export function integer(
  node: Node,
  { factsOf }: Pick<Expansion, "factsOf">,
  value: Value,
  what: string,
): number {
  const { constant } = factsOf(value);
  if (!constant || constant.type === "opaque") {
    throw nodeError(node, `${what} is known only as the network runs; choose a layer before it`);
  }
  if (sizeOf(constant.shape) !== 1) {
    throw mismatch(node, `${what} has shape ${formatShape(constant.shape)}, wanted a single value`);
  }
  return toNumbers(constant)[0]!;
}

const isTrue = (...condition: Parameters<typeof integer>) => integer(...condition) !== 0;

/** Whether a round ends with the condition that it began with, whatever that is. */
function keepsCondition({ inputs, outputs, nodes }: Graph): boolean {
  let value = outputs[0]?.name;
  for (const node of nodes.toReversed()) {
    if (value === undefined || !node.outputs.includes(value)) continue;
    if (!isStandard(node, "Identity") && !isStandard(node, "Cast")) return false;
    value = node.inputs[0];
  }
  return value === inputs[1]?.name;
}

function tooMany(node: Node, rounds: string): BudgetError {
  return new BudgetError(describeNode(node), rounds, MAX_STEPS);
}

function placeOf(node: Node): string {
  return node.name || firstOutput(node);
}

/** Operators that hold graphs, which stand for as many nodes as are computed. */
export const controlFlow: Operators = {
  If: { expand: choose },
  Loop: { expand: loop },
  Scan: {
    expand: scan,
    // its own lengths for each sequence of a batch, until opset 9
    upgrade: (node, { opset }) => {
      if (opset < 9) throw notInOpset18(node, `Scan as of opset ${opset}`);
      return [node];
    },
  },
};
