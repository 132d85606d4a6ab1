import { FoldingBudget, MAX_FOLDED_PRODUCTS } from "./budgets.ts";
import { constantFacts, type Facts, type ValueFacts } from "./facts.ts";
import { valuesRead } from "./graph-order.ts";
import type { Graph, Model, Node, Value } from "./model.ts";
import { multiplyAdds } from "./multiply-adds.ts";
import { type Inputs, inputsOf } from "./operators/inputs.ts";
import { inferIfPossible } from "./shape-inference.ts";
import { sizeOf, type Tensor } from "./tensor.ts";

/** Computes a graph that has no inputs; its outputs by name. One it cannot compute is left out. */
export type Evaluate = (graph: Graph) => Promise<ReadonlyMap<Value, Tensor>>;

/**
 * Bytes that a node may read and make, and all nodes together. The evaluator copies what it is
 * given twice, into the encoded graph (2 GiB at most) and out of it.
 */
const MAX_NODE_BYTES = 128 * 2 ** 20;
const MAX_TOTAL_BYTES = 512 * 2 ** 20;

/** Nodes computed beforehand, at most: a file with more is no network but a program. */
const MAX_NODES = 10_000;

/**
 * The model with `folded`: what its nodes make of weights alone (transposed, scaled, padded, ...),
 * computed once for all image sizes. The graph itself stays as it is, names and layers too.
 *
 * What cannot be folded, being too large or nothing that `evaluate` can compute, stays as nodes
 * only. Without `evaluate` only the operators of shape arithmetic are.
 */
export async function foldConstants(
  model: Model,
  evaluate: Evaluate = () => Promise.resolve(new Map()),
): Promise<Model> {
  const { folded, facts, left } = foldSmall(model);
  const outputs = outputsOf(model.graph, left, facts);
  if (outputs.length === 0) return { ...model, folded };
  const read = new Set(left.flatMap(valuesRead));
  const results = await evaluate({
    name: "constants",
    inputs: [],
    outputs,
    nodes: left,
    initializers: new Map(
      [...read].flatMap((value) => {
        const constant = facts.get(value)?.constant;
        return constant ? [[value, constant] as const] : [];
      }),
    ),
  });
  return { ...model, folded: new Map([...folded, ...results]) };
}

interface Folding {
  /** Values found without the evaluator. */
  readonly folded: Map<Value, Tensor>;
  /** Of every value that depends on constants alone. */
  readonly facts: Facts;
  /** Nodes that are the evaluator's, in order. */
  readonly left: readonly Node[];
}

/** Folds what inference folds anyway, and collects the other nodes that read constants alone. */
function foldSmall({ graph, folded: known }: Model): Folding {
  const folded = new Map(known);
  const facts = new Map<Value, ValueFacts>();
  const left: Node[] = [];
  const budget = new FoldingBudget();
  let [bytes, products] = [0, 0];
  for (const [name, tensor] of [...graph.initializers, ...known]) {
    facts.set(name, constantFacts(tensor));
  }
  for (const node of graph.nodes) {
    if (folded.size + left.length >= MAX_NODES) break;
    if (node.outputs.every((output) => known.has(output))) continue;
    const inputs = inputsOf(node, facts);
    // none of an operator that is not known, as where there are graphs inside, or of a shape that
    // other results would decide
    const outputs = inferIfPossible(node, inputs, budget);
    const cost = bytesOf([...inputs, ...outputs]);
    if (outputs.length < node.outputs.length || cost > MAX_NODE_BYTES) continue;
    if (bytes + cost > MAX_TOTAL_BYTES) continue;
    const isFolded = outputs.every(({ constant }) => constant);
    if (!isFolded && [...inputs, ...outputs].some((value) => value && !isComputable(value))) {
      continue;
    }
    const work = isFolded ? 0 : productsOf(node, inputs, outputs);
    if (products + work > MAX_FOLDED_PRODUCTS) continue;
    products += work;
    bytes += cost;
    if (!isFolded) left.push(node);
    node.outputs.forEach((output, i) => {
      if (output) facts.set(output, outputs[i]!);
      if (output && isFolded) folded.set(output, outputs[i]!.constant!);
    });
  }
  return { folded, facts, left };
}

/** Whether the evaluator can be given it or give it back. */
function isComputable({ type }: ValueFacts): boolean {
  return type !== "opaque" && type !== "int32";
}

function bytesOf(values: Inputs): number {
  const widths = { float32: 4, int64: 8, int32: 4, bool: 1, opaque: 0 } as const;
  return values.reduce(
    (sum, facts) => sum + (facts ? sizeOf(facts.shape) * widths[facts.type] : 0),
    0,
  );
}

/** Products of numbers that a node is made of, at most: its outputs' elements times their terms. */
function productsOf(node: Node, inputs: Inputs, outputs: readonly ValueFacts[]): number {
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const kernel = node.attributes["kernel_shape"];
  if (node.op === "Einsum") return inputs.reduce((all, facts) => all * sizeOf(facts!.shape), 1);
  const perElement = Array.isArray(kernel) ? sizeOf(kernel.map(Number)) : 1;
  return multiplyAdds(node, inputs, outputs[0]) ?? made * perElement;
}

/** What the rest of the graph reads of the nodes. */
function outputsOf(graph: Graph, nodes: readonly Node[], facts: Facts): Graph["outputs"] {
  const own = new Set(nodes);
  const others = graph.nodes.filter((node) => !own.has(node)).flatMap(valuesRead);
  const read = new Set([...others, ...graph.outputs.map(({ name }) => name)]);
  return nodes
    .flatMap(({ outputs }) => outputs)
    .filter((value) => read.has(value))
    .map((name) => ({ name, ...facts.get(name)! }));
}
