import { type Arithmetic, arithmetic } from "../onnx/arithmetic.ts";
import { ModelError } from "../onnx/errors.ts";
import type { DerivedTensors } from "../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node, Value } from "../onnx/model.ts";
import { sizeOf, type Tensor } from "../onnx/tensor.ts";
import { UnsupportedGradientError } from "./errors.ts";
import type { Forms } from "./forms/forms.ts";
import { type ReluWay, rewrittenRules } from "./rewrites/index.ts";
import { type NodeVjp, type VjpContext, vjpContext, type VjpRule } from "./rule.ts";
import { NON_DIFFERENTIABLE, RULES } from "./rules/index.ts";

/** The part of a network between its image and a layer, or several; names are the network's. */
export interface ForwardPass {
  /** Nodes that the layers depend on, in topological order. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<Value, Tensor>;
  /** What the forms make of weights. @default not shared with other graphs of the network */
  readonly derived?: DerivedTensors;
  readonly input: Value;
  readonly layer: Value;
  /** Other layers, whose cotangents are given beside the layer's. @default none */
  readonly others?: readonly Value[];
  /** How messages name the layer. */
  readonly layerName: string;
}

/** What takes the place of the network's values, and how the rest is emitted. */
export interface TraceOptions {
  readonly image: Value;
  readonly replacements?: ReadonlyMap<Value, Value> | undefined;
  /** Values of the network whose own cotangents are asked for. @default none */
  readonly stops?: readonly Value[] | undefined;
  /** @default its gradient */
  readonly relu?: ReluWay | undefined;
  readonly forms: Forms;
}

/** One node as emitted: between the network's names and the graph's. */
export interface Step extends NodeVjp {
  readonly node: Node;
}

/**
 * Emits a network's nodes one by one through their gradient rules, and remembers how to go back.
 *
 * A value is active if it depends differentiably on the image; only active nodes need a rule.
 */
export class ForwardTrace {
  readonly steps: Step[] = [];
  readonly #graph: GraphBuilder;
  readonly #pass: ForwardPass;
  readonly #forms: Forms;
  readonly #arithmetic: Arithmetic;
  /** The network's values as values of the graph. */
  readonly #scope: Map<Value, Value>;
  readonly valueOf: (value: Value) => Value;
  readonly #active: Set<Value>;
  readonly #rectified = new Set<Value>();
  /** Of nodes whose neighbours ask for another rule than their operator's. */
  readonly #rewritten: ReadonlyMap<Node, VjpRule>;

  constructor(
    graph: GraphBuilder,
    pass: ForwardPass,
    { image, replacements = new Map(), stops = [], relu, forms }: TraceOptions,
  ) {
    this.#graph = graph;
    this.#pass = pass;
    this.#forms = forms;
    this.#arithmetic = arithmetic(graph);
    this.#scope = new Map([...replacements, [pass.input, image]]);
    this.valueOf = valueFinder(graph, pass.initializers, this.#scope);
    this.#active = new Set([pass.input]);
    this.#rewritten = rewrittenRules(pass.nodes, stops, relu);
  }

  isActive(value: Value): boolean {
    return this.#active.has(value);
  }

  /**
   * Emits a node whose inputs have been visited.
   *
   * @throws UnsupportedGradientError naming operator, node and layer; ModelError if shapes do not
   *   fit.
   */
  visit(node: Node): void {
    for (const attribute of Object.values(node.attributes)) {
      if (typeof attribute === "object" && "tensor" in attribute) {
        requireNumbers(attribute.tensor, node.outputs[0]!);
      }
    }
    const inputs = node.inputs.map(this.valueOf);
    if (!node.inputs.some((value) => this.isActive(value)) || NON_DIFFERENTIABLE.has(node.op)) {
      const outputs = this.#graph.emitMany(node.op, inputs, node.attributes, node.outputs.length);
      node.outputs.forEach((value, i) => this.#scope.set(value, outputs[i]!));
      return;
    }
    const context = vjpContext(
      {
        graph: this.#graph,
        node,
        inputs,
        forms: this.#forms,
        isActive: (i) => this.isActive(node.inputs[i] ?? ""),
        isRectified: (i) => this.#rectified.has(node.inputs[i] ?? ""),
      },
      this.#arithmetic,
    );
    const step = this.#applyRule(context);
    step.outputs.forEach((value, i) => {
      const name = node.outputs[i];
      if (!name) return;
      this.#scope.set(name, value);
      const { type, shape } = this.#graph.factsOf(value);
      // integers, as the places of a TopK, have no derivative, and no elements pass nothing on
      const isActive = type === "float32" && sizeOf(shape) > 0;
      if (!step.isConstant && isActive) this.#active.add(name);
    });
    if (step.isConstant) return;
    if (step.isRectified) this.#rectified.add(node.outputs[0]!);
    this.steps.push({ node, ...step });
  }

  #applyRule(context: VjpContext): NodeVjp {
    const { node } = context;
    const { layerName } = this.#pass;
    const rule = this.#rewritten.get(node) ?? standardRule(node);
    try {
      if (rule) return rule(context);
    } catch (error) {
      throw error instanceof UnsupportedGradientError ? error.towards(layerName) : error;
    }
    throw new UnsupportedGradientError(
      node,
      `the operator${node.domain && ` of domain '${node.domain}'`} has no gradient rule`,
      "choose a layer before it",
    ).towards(layerName);
  }
}

/**
 * Finds the graph's value for one of the network's; constants enter the graph on first use.
 *
 * @param scope the network's values that are in the graph
 * @throws ModelError for a weight of a type that is not read.
 */
export function valueFinder(
  graph: GraphBuilder,
  initializers: ReadonlyMap<Value, Tensor>,
  scope: Map<Value, Value>,
): (value: Value) => Value {
  return (value) => {
    if (value === "") return "";
    const known = scope.get(value);
    if (known !== undefined) return known;
    const tensor = initializers.get(value);
    if (!tensor) throw new Error(`internal: '${value}' is neither produced nor a constant`);
    requireNumbers(tensor, value);
    const constant = graph.constant(tensor);
    scope.set(value, constant);
    return constant;
  };
}

function requireNumbers(tensor: Tensor, name: Value): void {
  if (tensor.type !== "opaque") return;
  throw new ModelError(
    `'${name}' is of ONNX type ${tensor.onnxType}, whose numbers are not read; convert it to float, or choose a layer before it`,
  );
}

function standardRule({ domain, op }: Node): VjpRule | undefined {
  return domain === "" && Object.hasOwn(RULES, op) ? RULES[op] : undefined;
}
