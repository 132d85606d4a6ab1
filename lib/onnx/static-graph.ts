import { BatchAxis } from "./batch-axis.ts";
import { FoldingBudget } from "./budgets.ts";
import { ModelError, type ShapeMismatchError } from "./errors.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { valuesRead } from "./graph-order.ts";
import type { Graph, Model, Node, Value, ValueInfo } from "./model.ts";
import { describeNode } from "./node.ts";
import { imageInputOf } from "./image-input.ts";
import { NodeExpander } from "./expanded-node.ts";
import { inferNode } from "./shape-inference.ts";
import { formatShape, type Tensor } from "./tensor.ts";

/**
 * A network at one image size: every shape known, what does not depend on the image folded away.
 */
export interface StaticGraph {
  /** The image, [N, C, H, W]. */
  readonly input: Value;
  /** The nodes that depend on the image and the few others they need; constants as initializers. */
  readonly graph: Graph;
  /** Type, shape and constant value of every value that could be inferred. */
  readonly facts: ReadonlyMap<Value, ValueFacts>;
  /**
   * Why a value cannot be computed: its operator or one before it is not known or does not fit this
   * image size.
   */
  readonly problems: ReadonlyMap<Value, ModelError>;
  /** Why a value is no layer though it can be computed: its leading axis is not the batch. */
  readonly unbatched: ReadonlyMap<Value, ShapeMismatchError>;
  /**
   * Of these, those in whose leading axis each image has several places, one after the other, as
   * windows of tokens: how many. One image alone does not tell, so a second is looked at when this
   * is asked for.
   */
  readonly parts: ReadonlyMap<Value, number>;
  /** Of these, along which other axis the images lie, one place each: tokens [T, N, C] have 1. */
  readonly batchAxes: ReadonlyMap<Value, number>;
}

/**
 * The network at a fixed image shape.
 *
 * A file made for batch 1 works for any N: a Reshape to [1, ...] becomes one to [N, ...], and so do
 * sizes of a Resize and constants that are joined to a value. An If whose condition is known
 * becomes the branch taken, a Loop its rounds, a recurrent node its steps. What cannot be inferred
 * does not throw: it and its dependants are in `problems`.
 *
 * @param alone facts of the same network for one image, where they are known
 * @throws ModelError unless the network has one input of images with that many channels.
 */
export function specialise(
  model: Model,
  imageShape: readonly [n: number, c: number, h: number, w: number],
  alone?: StaticGraph["facts"],
): StaticGraph {
  const { graph, folded } = model;
  const image = imageInputOf(graph);
  if (image.planes !== imageShape[1]) {
    throw new ModelError(
      `image '${image.name}' has ${image.planes} planes, given a shape of ${formatShape(imageShape)}`,
    );
  }

  const facts = new Map<Value, ValueFacts>();
  const problems = new Map<Value, ModelError>();
  const unbatched = new Map<Value, ShapeMismatchError>();
  const addConstant = (name: Value, tensor: Tensor) => facts.set(name, constantFacts(tensor));
  for (const [name, tensor] of [...graph.initializers, ...folded]) addConstant(name, tensor);
  facts.set(image.name, { type: image.type, shape: imageShape });
  for (const { name } of graph.inputs) {
    if (name === image.name) continue;
    problems.set(name, new ModelError(`graph input '${name}' has no value: it is not the image`));
  }

  const [n, c, h, w] = imageShape;
  const single = n === 1 ? facts : (alone ?? specialise(model, [1, c, h, w]).facts);
  const batch = new BatchAxis(image.name, n, single);
  const budget = new FoldingBudget();
  const nodes: Node[] = [];
  const factsOf = (value: Value) => {
    const known = facts.get(value);
    if (!known) throw problemOf(value);
    return known;
  };
  const expander = new NodeExpander(graph, { facts, factsOf, visit, addConstant });
  graph.nodes.forEach(visit);
  for (const value of expander.sequences.keys()) {
    problems.set(value, new ModelError(`'${value}' is a sequence of tensors, not one of them`));
  }

  const kept = neededNodes(nodes, image.name, facts);
  const pruned = prune(graph, image, kept, facts);
  let places: Pick<StaticGraph, "parts" | "batchAxes"> | null =
    n === 1 ? null : { parts: batch.parts, batchAxes: batch.axes };
  const placesOf = () => (places ??= specialise(model, [2, c, h, w], facts));
  return {
    input: image.name,
    graph: pruned,
    facts,
    problems,
    unbatched,
    get parts() {
      return unbatched.size === 0 ? NONE : placesOf().parts;
    },
    get batchAxes() {
      return unbatched.size === 0 ? NONE : placesOf().batchAxes;
    },
  };

  function visit(original: Node): void {
    if (original.outputs.every((output) => !output || folded.has(output))) return;
    let node = original;
    try {
      if (expander.expand(original)) return;
      const blocked = valuesRead(original).find((value) => !facts.has(value));
      if (blocked !== undefined && expander.sequences.has(blocked)) {
        throw new ModelError(
          `${describeNode(node)}: reads the sequence '${blocked}', which it is not known to do; ` +
            `choose a layer before it`,
        );
      }
      if (blocked !== undefined) throw problemOf(blocked);
      const rewrite = batch.rewrite(original, facts);
      if (rewrite) {
        node = rewrite.node;
        for (const [name, tensor] of rewrite.constants) addConstant(name, tensor);
      }
      const outputs = inferNode(node, inputsOf(node, facts), budget);
      const unknown = node.outputs.findIndex((output, i) => output !== "" && !outputs[i]);
      if (unknown >= 0)
        throw new ModelError(`${describeNode(node)}: output ${unknown} is not known`);
      node.outputs.forEach((output, i) => output && facts.set(output, outputs[i]!));
      for (const [output, problem] of batch.follow(node, facts)) unbatched.set(output, problem);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      for (const output of original.outputs) problems.set(output, error);
    }
    nodes.push(node);
  }

  function problemOf(value: Value): ModelError {
    return problems.get(value) ?? new ModelError(`value '${value}' is not known`);
  }
}

const NONE: ReadonlyMap<Value, number> = new Map();

function inputsOf(node: Node, facts: ReadonlyMap<Value, ValueFacts>) {
  return node.inputs.map((value) => facts.get(value) ?? null);
}

/** Nodes that the image reaches and that are not constant, and what else those read. */
function neededNodes(
  nodes: readonly Node[],
  image: Value,
  facts: ReadonlyMap<Value, ValueFacts>,
): readonly Node[] {
  const isFolded = (value: Value) => facts.get(value)?.constant !== undefined;
  const reached = new Set<Value>([image]);
  const active = new Set<Node>();
  for (const node of nodes) {
    if (!valuesRead(node).some((value) => reached.has(value))) continue;
    if (node.outputs.every((output) => !output || isFolded(output))) continue;
    active.add(node);
    for (const output of node.outputs) if (!isFolded(output)) reached.add(output);
  }
  const needed = new Set<Value>();
  const kept = nodes.toReversed().filter((node) => {
    const isNeeded = active.has(node) || node.outputs.some((output) => needed.has(output));
    if (isNeeded) for (const value of valuesRead(node)) if (!isFolded(value)) needed.add(value);
    return isNeeded;
  });
  return kept.toReversed();
}

function prune(
  graph: Graph,
  image: ValueInfo,
  nodes: readonly Node[],
  facts: ReadonlyMap<Value, ValueFacts>,
): Graph {
  const initializers = new Map<Value, Tensor>();
  const outputs = graph.outputs.map(({ name }) => name);
  for (const value of [...nodes.flatMap(valuesRead), ...outputs]) {
    const constant = facts.get(value)?.constant;
    if (constant) initializers.set(value, constant);
  }
  return {
    name: graph.name,
    inputs: [{ ...image, shape: facts.get(image.name)!.shape }],
    outputs: graph.outputs.map((output) => {
      const known = facts.get(output.name);
      return known ? { name: output.name, type: known.type, shape: known.shape } : output;
    }),
    nodes,
    initializers,
  };
}
