import { type Arithmetic, arithmetic } from "../onnx/arithmetic.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node, Value } from "../onnx/model.ts";
import { input, type Inputs } from "../onnx/operators/inputs.ts";
import type { Forms } from "./forms/forms.ts";

/** One forward node, whose inputs are already in the graph. */
interface ForwardNode {
  /** Graph that receives the forward and backward nodes; it knows the shape of every value. */
  readonly graph: GraphBuilder;
  /**
   * The operator with its attributes; its input and output names are the network's, not the
   * graph's.
   */
  readonly node: Node;
  /** The node's inputs as values of `graph`; "" where an optional input is left out. */
  readonly inputs: readonly Value[];
  /** Whether input i depends on the image, so that a cotangent for it is of use. */
  readonly isActive: (index: number) => boolean;
  /**
   * Whether input i is never negative and, where it is zero, passes no gradient on: the output of a
   * ReLU, or of pools, concatenations and normalisations of such outputs.
   */
  readonly isRectified: (index: number) => boolean;
  /** What has a form per execution provider, emitted into `graph`. */
  readonly forms: Forms;
}

/** What a rule may look at. */
export interface VjpContext extends ForwardNode, Arithmetic {
  /** Input i, which must be there. @throws ModelError if it is left out. */
  readonly input: (index: number) => Value;
  /** What is known of each input, for the parsers in `onnx/operators`. */
  readonly facts: Inputs;
}

/** @param operations of the same graph, where they have been made for another node */
export function vjpContext(
  forward: ForwardNode,
  operations: Arithmetic = arithmetic(forward.graph),
): VjpContext {
  const { graph, node, inputs } = forward;
  const facts = inputs.map((value) => (value === "" ? null : graph.factsOf(value)));
  return {
    ...forward,
    ...operations,
    input: (index) => {
      input(node, facts, index);
      return inputs[index]!;
    },
    facts,
  };
}

/**
 * Cotangent of each input, in order, from the cotangents of the outputs; `null` for inputs that do
 * not depend on the image. `dY[i]` is null for an output that the layer does not depend on.
 */
export type Pullback = (cotangents: readonly (Value | null)[]) => readonly (Value | null)[];

/** A node emitted forward, and how to go back through it. */
export interface NodeVjp {
  readonly outputs: readonly Value[];
  readonly pullback: Pullback;
  /** Whether output 0 is rectified in the sense of `isRectified`. @default false */
  readonly isRectified?: boolean;
  /** Whether the outputs are the same whatever the inputs are. @default false */
  readonly isConstant?: boolean;
}

/**
 * The gradient rule of one operator: emits the forward node, in the form whose gradient is fastest,
 * and returns its pullback, which emits the backward nodes. What the pullback needs of the forward
 * pass it keeps by closing over it.
 *
 * @throws UnsupportedGradientError for a mode of the operator that the rule does not cover.
 */
export type VjpRule = (context: VjpContext) => NodeVjp;
