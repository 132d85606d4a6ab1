import { inferNode } from "../../../lib/onnx/shape-inference.ts";
import { constantFacts, type ValueFacts } from "../../../lib/onnx/facts.ts";
import type { Attributes, Graph, Node, Value } from "../../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { uniform } from "../random.ts";
import { namesFor, type Style } from "./naming.ts";

export interface BuilderOptions {
  readonly style: Style;
  readonly opset: number;
  /** [C, H, W], or [H, W, C] with `channelsLast`. @default [3, 24, 20] */
  readonly image?: readonly number[];
  readonly channelsLast?: boolean;
  /** Of the weights. */
  readonly seed: number;
}

/**
 * Builds small networks with seeded weights, as an exporter of that style and opset would write
 * them: modules have names, operators those of the opset (`asOfOpset` writes them).
 */
export class GraphSketcher {
  readonly opset: number;
  readonly image: Value = "image";
  readonly #style: Style;
  readonly #names: ReturnType<typeof namesFor>;
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<Value, Tensor>();
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #path: string[] = [];
  #seed: number;

  constructor({ style, opset, image = [3, 24, 20], channelsLast, seed }: BuilderOptions) {
    this.opset = opset;
    this.#style = style;
    this.#seed = seed * 1000;
    this.#names = namesFor(style);
    const shape = channelsLast ? [1, image[1]!, image[2]!, image[0]!] : [1, ...image];
    this.#facts.set(this.image, { type: "float32", shape });
  }

  shape(value: Value): readonly number[] {
    return this.#facts.get(value)!.shape;
  }

  channels(value: Value): number {
    return this.shape(value)[1]!;
  }

  /** Builds as part of a module: `layer1.0` inside `net`. */
  within<T>(name: string | number, build: () => T): T {
    this.#path.push(String(name));
    const built = build();
    this.#path.pop();
    return built;
  }

  /** A chain of parts, each a module called by its number. */
  chain(x: Value, parts: readonly ((x: Value) => Value)[]): Value {
    return parts.reduce((value, part, i) => this.within(i, () => part(value)), x);
  }

  /** A chain of parts of one module, which begins with what was made before it. */
  stage(name: string, x: Value, parts: readonly ((x: Value) => Value)[]): Value {
    return this.within(name, () => this.chain(x, parts));
  }

  weight(
    name: string,
    shape: readonly number[],
    [low, high] = [-1, 1] as readonly [number, number],
  ): Value {
    return this.constant(uniform(shape, this.#seed++, [low, high]), name);
  }

  constant(tensor: Tensor, name?: string): Value {
    const wanted =
      name === undefined
        ? `const_${this.#initializers.size}`
        : this.#names.weight(this.#path, name);
    const value = this.#initializers.has(wanted) ? `${wanted}_${this.#initializers.size}` : wanted;
    this.#initializers.set(value, tensor);
    this.#facts.set(value, constantFacts(tensor));
    return value;
  }

  ints(...values: readonly number[]): Value {
    return this.constant(intsTensor(values));
  }

  scalar(value: number): Value {
    return this.constant(floatTensor([], [value]));
  }

  op(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.ops(op, inputs, attributes, 1)[0]!;
  }

  ops(
    op: string,
    inputs: readonly Value[],
    attributes: Attributes,
    count: number,
  ): readonly Value[] {
    const { name, scope, output } = this.#names.node(this.#path, op, this.#nodes.length);
    const outputs = Array.from({ length: count }, (_, i) => output(i));
    const node: Node = {
      op,
      name,
      domain: "",
      inputs,
      outputs,
      attributes,
      ...(scope !== null && { scope }),
    };
    const facts = LATER.has(op)
      ? [this.#facts.get(inputs[0]!)!]
      : inferNode(
          node,
          inputs.map((value) => (value ? this.#facts.get(value)! : null)),
        );
    outputs.forEach((value, i) => this.#facts.set(value, facts[i] ?? facts[0]!));
    this.#nodes.push(node);
    return outputs;
  }

  /** The graph of opset 18, and of `LATER` operators. */
  graph(...outputs: readonly Value[]): Graph {
    const info = (name: Value) => ({ name, type: "float32" as const, shape: this.shape(name) });
    return {
      name: this.#style,
      inputs: [info(this.image)],
      outputs: outputs.map(info),
      nodes: this.#nodes,
      initializers: this.#initializers,
    };
  }
}

/** Operators that opset 18 does not have; the output is of the first input's shape. */
const LATER: ReadonlySet<string> = new Set(["Gelu", "Swish", "Attention", "RMSNormalization"]);
