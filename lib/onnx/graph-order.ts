import { ModelError } from "./errors.ts";
import type { Graph, Node, Value } from "./model.ts";
import { namesIn } from "./names.ts";
import { describeNode, nodeError } from "./node.ts";

/**
 * The graph with its nodes in topological order; a file already in order keeps it.
 *
 * @throws ModelError if a value is produced twice or never, or depends on itself.
 */
export function inTopologicalOrder(graph: Graph): Graph {
  const producers = producersOf(graph);
  const given = new Set<Value>([...graph.initializers.keys(), ...graph.inputs.map((i) => i.name)]);
  const sorted = new Set<Node>();
  const entered = new Set<Node>();

  for (const root of graph.nodes) {
    // depth first with a stack of our own: a chain may be longer than the call stack allows
    const stack = sorted.has(root) ? [] : [visit(root)];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const waiting = unsortedProducer(top);
      if (waiting && entered.has(waiting)) {
        throw new ModelError(`${describeNode(waiting)} depends on its own output: a cycle`);
      }
      if (waiting) {
        stack.push(visit(waiting));
      } else {
        sorted.add(top.node);
        stack.pop();
      }
    }
  }
  for (const { name } of graph.outputs) {
    if (!given.has(name) && !producers.has(name)) {
      throw new ModelError(`graph output '${name}' is produced by no node`);
    }
  }
  return { ...graph, nodes: [...sorted] };

  function visit(node: Node): Visit {
    entered.add(node);
    return { node, reads: valuesRead(node).values() };
  }

  /** Goes on with what the node reads where the last call stopped. */
  function unsortedProducer({ node, reads }: Visit): Node | undefined {
    for (let next = reads.next(); !next.done; next = reads.next()) {
      const value = next.value;
      const producer = producers.get(value);
      if (producer && !sorted.has(producer)) return producer;
      if (!producer && !given.has(value)) {
        throw new ModelError(
          `${describeNode(node)} reads '${value}', which nothing produces; ` +
            `the file is incomplete, export it again`,
        );
      }
    }
    return undefined;
  }
}

/** A node whose inputs are being sorted, and those of them that are still to be looked at. */
interface Visit {
  readonly node: Node;
  readonly reads: Iterator<Value>;
}

/** Which node produces each value. @throws ModelError if two do, or one produces a given value. */
function producersOf(graph: Graph): Map<Value, Node> {
  const producers = new Map<Value, Node>();
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (!output) continue;
      if (producers.has(output) || graph.initializers.has(output) || inputs.has(output)) {
        throw nodeError(node, `value '${output}' is defined twice`);
      }
      producers.set(output, node);
    }
  }
  return producers;
}

/** The values a node reads, those that its subgraphs (If, Loop) take from outside included. */
export function valuesRead(node: Node): readonly Value[] {
  const known = readByNode.get(node);
  if (known) return known;
  const inputs = node.inputs.includes("") ? node.inputs.filter(Boolean) : node.inputs;
  const captured = valuesCaptured(node);
  const read = captured.length > 0 ? [...inputs, ...new Set(captured)] : inputs;
  readByNode.set(node, read);
  return read;
}

/** Asked for again and again, and a subgraph may be large. */
const readByNode = new WeakMap<Node, readonly Value[]>();

/** What the subgraphs of a node take from outside, by name. */
export function valuesCaptured(node: Node): readonly Value[] {
  return subgraphsOf(node).flatMap((graph) => {
    const own = namesIn(graph);
    const read = [...graph.nodes.flatMap(valuesRead), ...graph.outputs.map(({ name }) => name)];
    return read.filter((value) => !own.has(value));
  });
}

/** The nodes that values depend on, in order, and all that is read for them, with the values. */
export function neededFor(nodes: readonly Node[], values: readonly Value[]) {
  const read = new Set(values);
  const needed = nodes.toReversed().filter((node) => {
    const isNeeded = node.outputs.some((output) => read.has(output));
    if (isNeeded) for (const value of valuesRead(node)) read.add(value);
    return isNeeded;
  });
  return { nodes: needed.toReversed(), read };
}

/** The branches of an If, the body of a Loop. */
export function subgraphsOf({ attributes }: Pick<Node, "attributes">): readonly Graph[] {
  return Object.values(attributes).flatMap((attribute) =>
    typeof attribute === "object" && "graph" in attribute ? [attribute.graph] : [],
  );
}

/** The node with its subgraphs changed. */
export function withSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (subgraphsOf(node).length === 0) return node;
  const attributes = Object.entries(node.attributes).map(([name, attribute]) =>
    typeof attribute === "object" && "graph" in attribute
      ? ([name, { graph: change(attribute.graph) }] as const)
      : ([name, attribute] as const),
  );
  return { ...node, attributes: Object.fromEntries(attributes) };
}
