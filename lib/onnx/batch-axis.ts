import { ShapeMismatchError } from "./errors.ts";
import type { ValueFacts } from "./facts.ts";
import type { Node, Value } from "./model.ts";
import { describeNode } from "./node.ts";
import { inferIfPossible } from "./shape-inference.ts";
import { formatShape, type Int64Tensor, intsTensor, toNumbers } from "./tensor.ts";

/** A Reshape made for batch 1, rewritten for batch N. */
interface Rewrite {
  readonly node: Node;
  readonly target: Value;
  readonly shape: Int64Tensor;
}

/** Watches that one image stays one entry of the leading axis, from the input to each value. */
export class BatchAxis {
  readonly #size: number;
  /** Values that depend on the image. */
  readonly #reached: Set<Value>;
  /** Of these, those whose leading axis is not the batch, with what broke it. */
  readonly #broken = new Map<Value, ShapeMismatchError>();

  constructor(image: Value, size: number) {
    this.#size = size;
    this.#reached = new Set([image]);
  }

  /**
   * A Reshape to a constant [1, ...] of a value [N, ...] as one to [N, ...], if that is what it
   * does to one image; `null` otherwise.
   */
  rewriteReshape(node: Node, facts: ReadonlyMap<Value, ValueFacts>): Rewrite | null {
    const [x, shape] = node.inputs;
    if (node.op !== "Reshape" || x === undefined || shape === undefined) return null;
    if (this.#size === 1 || !this.#reached.has(x)) return null;
    const data = facts.get(x);
    const constant = facts.get(shape)?.constant;
    const wanted = constant ? toNumbers(constant) : [];
    if (data?.shape[0] !== this.#size || wanted[0] !== 1) return null;
    const one = { type: data.type, shape: data.shape.with(0, 1) };
    const [single] = inferIfPossible(node, [one, facts.get(shape)!]);
    if (!single) return null;
    const target = `${node.outputs[0]}_shape_for_batch_${this.#size}`;
    return {
      node: { ...node, inputs: [x, target] },
      target,
      shape: intsTensor([this.#size, ...single.shape.slice(1)]),
    };
  }

  /**
   * Notes what a node does to the batch axis, once its outputs are inferred.
   *
   * A value whose leading axis is not the batch may get it back (attention splits and merges axes),
   * so its dependants are judged by their own shape.
   *
   * @returns The outputs that cannot be a layer, and why.
   */
  follow(
    node: Node,
    facts: ReadonlyMap<Value, ValueFacts>,
  ): readonly (readonly [Value, ShapeMismatchError])[] {
    const reaching = node.inputs.filter((value) => this.#reached.has(value));
    if (reaching.length === 0) return [];
    const source = facts.get(reaching[0]!)?.shape ?? [];
    return node.outputs.flatMap((output) => {
      const inferred = facts.get(output);
      if (!output || !inferred || inferred.constant) return [];
      this.#reached.add(output);
      if (inferred.shape[0] === this.#size) return [];
      const earlier = reaching.map((value) => this.#broken.get(value)).find(Boolean);
      const problem = earlier ?? this.#lost(node, source, inferred.shape);
      this.#broken.set(output, problem);
      return [[output, problem] as const];
    });
  }

  #lost(node: Node, from: readonly number[], to: readonly number[]): ShapeMismatchError {
    const isHead = node.op === "Reshape" || node.op === "Flatten";
    return new ShapeMismatchError(
      `${describeNode(node)} turns ${formatShape(from)} into ${formatShape(to)}, which no longer ` +
        `has a leading axis of ${this.#size} for the batch; ` +
        (isHead
          ? "the network's head fits one image size only"
          : "choose a layer whose first axis is the batch"),
    );
  }
}
