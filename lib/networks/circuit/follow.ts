import { channelAxes } from "../../onnx/channel-axis.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { firstOutput, operatorsNamed } from "../../onnx/node.ts";
import { producersByValue } from "../../onnx/readers.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type Element, numberAt, type Passed, passedOn } from "./passed-on.ts";

/** Where an element comes from: what a node makes anew, or the image. */
export interface Origin extends Passed {
  /** What makes it; `null` of the image. */
  readonly node: Node | null;
  /** Nodes on the way. */
  readonly steps: number;
}

/** Nodes that are looked at for one element: some networks have sums of sums of sums. */
const MOST_STEPS = 2_000;

/** Follows elements of a network's values back to where they come from. */
export class Follower {
  readonly facts: StaticGraph["facts"];
  readonly #makers: ReadonlyMap<Value, Node>;
  readonly #axes: ReadonlyMap<Value, number>;
  #left = 0;

  constructor(graph: StaticGraph) {
    this.facts = graph.facts;
    this.#makers = producersByValue(graph.graph.nodes);
    this.#axes = channelAxes(graph);
  }

  /** Back through all that passes on what it is given: activation functions, pools, norms, joins. */
  origin(element: Element): Origin {
    this.#left = MOST_STEPS;
    return this.#follow({ ...element, factor: 1, isBent: false, node: null, steps: 0 });
  }

  /** Whether a node passes on what it is given, rather than making something new of it. */
  passesOn(node: Node): boolean {
    const value = firstOutput(node);
    const shape = this.facts.get(value)?.shape ?? [];
    const place = shape.map((length) => Math.floor(length / 2));
    return this.through(node, { value, place }) !== null;
  }

  /** What a node passes on as an element of its output; `null` where it makes something new of it. */
  through(node: Node, output: Element): Passed | null {
    this.#left = MOST_STEPS;
    return this.#through(node, output);
  }

  /** Along which axis a value's channels lie; see `channelAxes`. */
  channelAxisOf(value: Value): number {
    return this.#axes.get(value) ?? 1;
  }

  /** Whether a value does not depend on the image, or is left out. */
  isConstant = (value: Value | undefined): boolean =>
    value === undefined || this.facts.get(value)?.constant !== undefined;

  #through(node: Node, output: Element): Passed | null {
    const step = { node, output, facts: this.facts, axes: this.#axes };
    return passedOn(step) ?? this.#ofArithmetic(node, output);
  }

  #follow(from: Origin): Origin {
    let at = from;
    for (;;) {
      const node = this.#makers.get(at.value);
      if (node === undefined) return { ...at, node: null };
      const passed = this.#left-- > 0 ? this.#through(node, at) : null;
      if (passed === null) return { ...at, node };
      at = {
        ...passed,
        factor: at.factor * passed.factor,
        isBent: at.isBent || passed.isBent,
        node: null,
        steps: at.steps + 1,
      };
    }
  }

  /** Arithmetic with a constant, and with something that is made of the same element or is smaller. */
  #ofArithmetic(node: Node, output: Element): Passed | null {
    const { op, domain, inputs } = node;
    if (domain !== "" || !ARITHMETIC.has(op)) return null;
    const computed = [...inputs.keys()].filter((i) => !this.isConstant(inputs[i]));
    const [first, second, ...more] = computed;
    if (first === undefined || more.length > 0) return null;
    if (second === undefined) return this.#withConstant(node, output, first);
    const sizes = [first, second].map((i) => sizeOf(this.facts.get(inputs[i]!)?.shape ?? []));
    const isBent = true;
    if (sizes[0] !== sizes[1]) {
      // what a norm subtracts or divides by, or a gate of whole channels
      const larger = sizes[0]! > sizes[1]! ? first : second;
      if (op === "Div" && larger !== 0) return null;
      const factor = op === "Sub" && larger !== 0 ? -1 : 1;
      return { ...this.#input(node, output, larger), factor, isBent };
    }
    const operands = [first, second].map((i) => this.#input(node, output, i));
    const [a, b] = operands.map((each) =>
      this.#follow({ ...each, factor: 1, isBent: false, node: null, steps: 0 }),
    );
    if (a!.value !== b!.value || a!.place.join() !== b!.place.join()) return null;
    // x * sigmoid(x): the straighter of the two says how strongly
    return { ...operands[a!.steps <= b!.steps ? 0 : 1]!, factor: 1, isBent };
  }

  #withConstant(node: Node, output: Element, computed: number): Passed | null {
    const { op, inputs } = node;
    const number = numberAt(this.facts, inputs[1 - computed], output.place);
    const own = this.#input(node, output, computed);
    const passed = (factor: number, isBent = false) => ({ ...own, factor, isBent });
    if (number === null) return inputs.length === 1 ? passed(1) : null;
    if (op === "Mul") return passed(number);
    if (op === "Div") return computed === 0 ? passed(1 / number) : null;
    if (op === "Sub") return passed(computed === 0 ? 1 : -1);
    if (op === "Pow") return computed === 0 ? passed(1, true) : null;
    return passed(1, op === "Max" || op === "Min");
  }

  /** The element of an input that is broadcast to the output's. */
  #input(node: Node, { place }: Element, index: number): Element {
    const value = node.inputs[index]!;
    const shape = this.facts.get(value)?.shape ?? [];
    const own = place.slice(place.length - shape.length);
    return { value, place: own.map((each, axis) => (shape[axis] === 1 ? 0 : each)) };
  }
}

const ARITHMETIC = operatorsNamed("Add Div Max Min Mul Pow Sub Sum");
