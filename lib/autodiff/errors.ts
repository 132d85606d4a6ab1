import { ModelError } from "../onnx/errors.ts";
import type { Node } from "../onnx/model.ts";
import { describeNode, firstOutput } from "../onnx/node.ts";

/** An operator, or a mode of one, without a gradient lies between the image and the layer. */
export class UnsupportedGradientError extends Error {
  override readonly name = "UnsupportedGradientError";
  readonly op: string;
  /** The node's own name, or else its first output. */
  readonly node: string;
  /** The layer asked for; empty until known. */
  readonly layer: string;
  /** What it was made of, as plain data. */
  readonly details: readonly [node: Node, problem: string, remedy: string, layer: string];

  constructor(node: Node, problem: string, remedy: string, layer = "") {
    const name = node.name || firstOutput(node);
    const where = layer && ` on the way to layer '${layer}'`;
    super(`no gradient for ${describeNode(node)}${where}: ${problem}; ${remedy}`);
    this.op = node.op;
    this.node = name;
    this.layer = layer;
    this.details = [node, problem, remedy, layer];
  }

  /** The same error, naming the layer that was asked for. */
  towards(layer: string): UnsupportedGradientError {
    const [node, problem, remedy] = this.details;
    return new UnsupportedGradientError(node, problem, remedy, layer);
  }
}

export type GradientObstacle = UnsupportedGradientError | ModelError;

/** Why what is to be emitted has no gradient; `null`: it has one. */
export function obstacleTo(emit: () => void): GradientObstacle | null {
  try {
    emit();
    return null;
  } catch (error) {
    if (error instanceof UnsupportedGradientError || error instanceof ModelError) return error;
    throw error;
  }
}

/** The layer that a node computes is a mask or a rounded value: no gradient leads back from it. */
export function flatLayer(node: Node): UnsupportedGradientError {
  return new UnsupportedGradientError(
    node,
    "its output does not change smoothly with the image",
    "choose a layer before it",
  );
}
