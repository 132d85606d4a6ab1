import type { ValueFacts } from "../facts.ts";
import type { Graph, Node, Value } from "../model.ts";
import type { NumericTensor } from "../tensor.ts";
import type { Inputs } from "./inputs.ts";
import type { Emitter, Upgrade } from "./upgrade.ts";

/** What we know of an operator. */
export interface Operator {
  /** Absent for an operator that opset 18 does not have: its upgrade is made of others. */
  readonly infer?: Infer;
  /** Only for what shape arithmetic is made of; ONNX Runtime computes the rest. */
  readonly fold?: Fold;
  /** Whether folding copies nothing, since the output's elements are the first input's. */
  readonly isView?: boolean;
  /** Writes the node in others, where that depends on the lengths of its inputs. */
  readonly unroll?: Unroll;
  /** Writes a node of control flow or of sequences in others. */
  readonly expand?: Expand;
  /** Where an opset from 1 to 26 defines it otherwise than 18. */
  readonly upgrade?: Upgrade;
}

export type Operators = Readonly<Record<string, Operator>>;

/**
 * Types and shapes of a node's outputs, as many as its operator defines in this mode.
 *
 * @throws ShapeMismatchError if the inputs do not fit together; ModelError if one that must be
 *   there is left out, or the output's shape depends on the image's content.
 */
export type Infer = (node: Node, inputs: Inputs) => readonly ValueFacts[];

/** Adds nodes to `emitter` whose last make the outputs of `node`. */
export type Unroll = (node: Node, inputs: Inputs, emitter: Emitter) => void;

/**
 * Writes nodes whose last make the outputs of `node`, or notes which sequences they are. Not all
 * that it reads needs to be known.
 *
 * @throws ModelError where what decides is known only as the network runs, or too much is written
 */
export type Expand = (node: Node, expansion: Expansion) => void;

/** What writing control flow takes. */
export interface Expansion {
  readonly emitter: Emitter;
  /** Of a value. @throws ModelError that says why nothing is known */
  readonly factsOf: (value: Value) => ValueFacts;
  /** The elements of each sequence that is known; one is a value of its own kind, without facts. */
  readonly sequences: Map<Value, readonly Value[]>;
  /** Counts what is written besides nodes, in nodes. @throws BudgetError */
  readonly count: (nodes: number) => void;
  /** Writes the nodes of a body after those emitted so far; the values of its outputs. */
  readonly inline: (call: Inlined) => readonly Value[];
}

/** One round of a body. */
export interface Inlined {
  readonly body: Graph;
  /** A value for each of its inputs. */
  readonly given: readonly Value[];
  /** What its nodes are then part of. */
  readonly place: string;
  /**
   * What the body makes of nothing that it is given: weights put together, say. Empty before the
   * first round, which alone computes it.
   */
  readonly unchanging: Map<Value, Value>;
}

/**
 * The outputs of a node whose inputs are all constants; those left out are not folded.
 *
 * @param outputs What `infer` found.
 *
 * @throws ModelError if the operator is not defined for these inputs.
 */
export type Fold = (
  node: Node,
  inputs: Inputs,
  outputs: readonly ValueFacts[],
) => readonly NumericTensor[];
