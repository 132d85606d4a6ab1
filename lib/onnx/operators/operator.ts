import type { ValueFacts } from "../facts.ts";
import type { Node } from "../model.ts";
import type { Inputs } from "./inputs.ts";

/** What we know of an operator of opset 18. */
export interface Operator {
  readonly infer: Infer;
}

/**
 * Types and shapes of a node's outputs, as many as its operator defines in this mode.
 *
 * @throws ShapeMismatchError if the inputs do not fit together; ModelError if one that must be there
 *   is left out, or the output's shape depends on the image's content.
 */
export type Infer = (node: Node, inputs: Inputs) => readonly ValueFacts[];
