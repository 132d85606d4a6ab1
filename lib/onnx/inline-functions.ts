import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
} from "onnx-buf";

import { MAX_EDGES, MAX_NESTING, requireWithin } from "./budgets.ts";
import type { Value } from "./model.ts";
import { freshName } from "./names.ts";

/**
 * A file's graph with each node of a function that the file defines (`FunctionProto`) replaced by
 * the function's nodes. One that calls itself stays, and so does one written for another opset than
 * the file's: no operator that we know.
 *
 * Source: ONNX IR specification, "Functions".
 *
 * @param graph of the model
 * @param mostNodes that it may then have
 * @throws BudgetError
 */
export function withoutFunctions(
  graph: GraphProto,
  { functions, opsetImport }: Pick<ModelProto, "functions" | "opsetImport">,
  mostNodes: number,
): GraphProto {
  if (functions.length === 0) return graph;
  const opset = standardOpset(opsetImport);
  const own = functions.filter((each) => [null, opset].includes(standardOpset(each.opsetImport)));
  return new Inliner(graph, own, mostNodes).inlined(graph);
}

/** Of ONNX's own operators; `null` where none is used. */
export function standardOpset(imports: ModelProto["opsetImport"]): bigint | null {
  const standard = imports.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return standard?.version ?? null;
}

/** What a function's names stand for at one of its calls. */
interface Call {
  readonly prefix: string;
  readonly values: ReadonlyMap<Value, Value>;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

class Inliner {
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  readonly #taken: Set<Value>;
  readonly #mostNodes: number;
  #nodes = 0;
  #edges = 0;

  constructor(graph: GraphProto, functions: readonly FunctionProto[], mostNodes: number) {
    this.#functions = new Map(
      functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]),
    );
    this.#taken = new Set(valuesIn(graph));
    this.#mostNodes = mostNodes;
  }

  /** @param callers functions that the graph is inside of */
  inlined(graph: GraphProto, callers: readonly FunctionProto[] = []): GraphProto {
    const node = graph.node.flatMap((each) => this.#expanded(each, callers));
    return changed(graph, { node });
  }

  #expanded(node: NodeProto, callers: readonly FunctionProto[]): readonly NodeProto[] {
    const called = this.#functions.get(keyOf(node.domain, node.opType, node.overload));
    // a call counts too: of functions that hold nothing there may be as many
    this.#count(node);
    if (called && !callers.includes(called)) {
      const within = [...callers, called];
      requireWithin("the file", within.length, "functions inside each other", MAX_NESTING);
      return this.#bodyOf(called, node).flatMap((inner) => this.#expanded(inner, within));
    }
    const attribute = node.attribute.map((each) =>
      each.g ? changed(each, { g: this.inlined(each.g, callers) }) : each,
    );
    return [changed(node, { attribute })];
  }

  #count({ input, output }: NodeProto): void {
    this.#edges += input.length + output.length;
    requireWithin("the file", ++this.#nodes, "or more nodes", this.#mostNodes);
    requireWithin("the file", this.#edges, "or more inputs and outputs", MAX_EDGES);
  }

  /** The function's nodes, in the names of the graph that calls it. */
  #bodyOf(called: FunctionProto, node: NodeProto): readonly NodeProto[] {
    const prefix = node.name || node.output.find((name) => name !== "") || called.name;
    const values = new Map(called.input.map((name, i) => [name, node.input[i] ?? ""]));
    const passedOn: NodeProto[] = [];
    called.output.forEach((name, i) => {
      const output = node.output[i];
      if (!output) return;
      const known = values.get(name);
      if (known === undefined) values.set(name, output);
      else {
        const ends = { input: [known], output: [output] };
        passedOn.push(create(NodeProtoSchema, { opType: "Identity", name: node.name, ...ends }));
      }
    });
    const given = [...called.attributeProto, ...node.attribute];
    const attributes = new Map(given.map((each) => [each.name, each]));
    for (const name of called.node.flatMap(({ output }) => output)) {
      if (name && !values.has(name)) values.set(name, this.#fresh(prefix, name));
    }
    const call = { prefix, values, attributes };
    return [...called.node.map((inner) => this.#renamed(inner, call)), ...passedOn];
  }

  #renamed(node: NodeProto, call: Call): NodeProto {
    const { prefix, values, attributes } = call;
    const valueOf = (name: Value) => values.get(name) ?? name;
    const attribute = node.attribute.flatMap((each): AttributeProto[] => {
      if (each.refAttrName) {
        const given = attributes.get(each.refAttrName);
        // one that the call leaves out is left out within
        return given ? [changed(given, { name: each.name })] : [];
      }
      return [each.g ? changed(each, { g: this.#renamedGraph(each.g, call) }) : each];
    });
    return changed(node, {
      name: node.name && `${prefix}/${node.name}`,
      input: node.input.map(valueOf),
      output: node.output.map(valueOf),
      attribute,
    });
  }

  #renamedGraph(graph: GraphProto, call: Call): GraphProto {
    const values = new Map(call.values);
    for (const name of ownValues(graph)) {
      if (name) values.set(name, this.#fresh(call.prefix, name));
    }
    const inner = { ...call, values };
    const nameOf = ({ name }: { readonly name: string }) => values.get(name) ?? name;
    return changed(graph, {
      input: graph.input.map((each) => changed(each, { name: nameOf(each) })),
      output: graph.output.map((each) => changed(each, { name: nameOf(each) })),
      initializer: graph.initializer.map((each) => changed(each, { name: nameOf(each) })),
      node: graph.node.map((node) => this.#renamed(node, inner)),
    });
  }

  #fresh(prefix: string, name: Value): Value {
    return freshName(this.#taken, `${prefix}/${name}`);
  }
}

/** A copy of a message: what is not set in it has its default from the prototype. */
function changed<T extends object>(message: T, changes: Partial<T>): T {
  const copy: T = Object.create(Object.getPrototypeOf(message));
  return Object.assign(copy, message, changes);
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function ownValues({ input, initializer, node }: GraphProto): Value[] {
  return [
    ...input.map(({ name }) => name),
    ...initializer.map(({ name }) => name),
    ...node.flatMap(({ output }) => output),
  ];
}

function valuesIn(graph: GraphProto): Value[] {
  const graphs = graph.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => g ?? []));
  return [...ownValues(graph), ...graphs.flatMap(valuesIn)];
}
