import { BatchAxis } from "./batch-axis.ts";
import { rewriteForBatch } from "./batch-rewrite.ts";
import { FoldingBudget } from "./budgets.ts";
import { ModelError, type ShapeMismatchError } from "./errors.ts";
import { NodeExpander, type Walk } from "./expanded-node.ts";
import { constantFacts, type Facts, type ValueFacts } from "./facts.ts";
import { valuesRead } from "./graph-order.ts";
import type { Model, Node, Value } from "./model.ts";
import { nodeError } from "./node.ts";
import { inputsOf } from "./operators/inputs.ts";
import { inferNode } from "./shape-inference.ts";
import type { Tensor } from "./tensor.ts";

/** A network's image at the size that it is walked with, [N, C, H, W]. */
interface SizedImage extends Omit<ValueFacts, "constant"> {
  readonly name: Value;
}

/**
 * A walk over the nodes of a network at one image size: what can be inferred of each value, and
 * where the images of a batch lie in it. See `StaticGraph`.
 */
export class StaticWalk implements Walk {
  readonly facts = new Map<Value, ValueFacts>();
  readonly problems = new Map<Value, ModelError>();
  readonly unbatched = new Map<Value, ShapeMismatchError>();
  /** In place of those that stand for others, the others. */
  readonly nodes: Node[] = [];
  readonly batch: BatchAxis;
  readonly #folded: Model["folded"];
  readonly #expander: NodeExpander;
  readonly #budget = new FoldingBudget();

  /** @param single facts of the same network for one image; `null` if the batch is one image */
  constructor({ graph, folded }: Model, image: SizedImage, single: Facts | null) {
    for (const [name, tensor] of [...graph.initializers, ...folded]) this.addConstant(name, tensor);
    this.facts.set(image.name, { type: image.type, shape: image.shape });
    for (const { name } of graph.inputs) {
      if (name === image.name) continue;
      const problem = `graph input '${name}' has no value: it is not the image`;
      this.problems.set(name, new ModelError(problem));
    }
    this.batch = new BatchAxis(image.name, this.facts, single);
    this.#folded = folded;
    this.#expander = new NodeExpander(graph, this);
    for (const node of graph.nodes) this.visit(node);
    for (const value of this.#expander.sequences.keys()) {
      const problem = `'${value}' is a sequence of tensors, not one of them`;
      this.problems.set(value, new ModelError(problem));
    }
  }

  factsOf(value: Value): ValueFacts {
    const known = this.facts.get(value);
    if (!known) throw this.#problemOf(value);
    return known;
  }

  addConstant(name: Value, tensor: Tensor): void {
    this.facts.set(name, constantFacts(tensor));
  }

  visit(original: Node): void {
    if (original.outputs.every((output) => !output || this.#folded.has(output))) return;
    let node = original;
    try {
      if (this.#expander.expand(original)) return;
      this.#requireInputs(original);
      node = this.#forBatch(original);
      this.#infer(node);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      for (const output of original.outputs) if (output) this.problems.set(output, error);
    }
    this.nodes.push(node);
  }

  #requireInputs(node: Node): void {
    const blocked = valuesRead(node).find((value) => !this.facts.has(value));
    if (blocked === undefined) return;
    if (!this.#expander.sequences.has(blocked)) throw this.#problemOf(blocked);
    const problem = `reads the sequence '${blocked}', which it is not known to do`;
    throw nodeError(node, `${problem}; choose a layer before it`);
  }

  #forBatch(node: Node): Node {
    const rewrite = rewriteForBatch(this.batch, node);
    if (!rewrite) return node;
    for (const [name, tensor] of rewrite.constants) this.addConstant(name, tensor);
    return rewrite.node;
  }

  #infer(node: Node): void {
    const outputs = inferNode(node, inputsOf(node, this.facts), this.#budget);
    const unknown = node.outputs.findIndex((output, i) => output !== "" && !outputs[i]);
    if (unknown >= 0) throw nodeError(node, `output ${unknown} is not known`);
    node.outputs.forEach((output, i) => output && this.facts.set(output, outputs[i]!));
    for (const [output, problem] of this.batch.follow(node)) {
      this.unbatched.set(output, problem);
    }
  }

  #problemOf(value: Value): ModelError {
    return this.problems.get(value) ?? new ModelError(`value '${value}' is not known`);
  }
}
