import type { Node } from "../onnx/model.ts";

/** An operator, or a mode of one, without a gradient lies between the image and the layer. */
export class UnsupportedGradientError extends Error {
  override readonly name = "UnsupportedGradientError";
  readonly op: string;
  readonly node: string;

  constructor(node: Node, problem: string, remedy: string) {
    const name = node.name || node.outputs[0] || "";
    super(`no gradient for ${node.op} '${name}': ${problem}; ${remedy}`);
    this.op = node.op;
    this.node = name;
  }
}
