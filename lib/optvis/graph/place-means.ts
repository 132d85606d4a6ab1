import { RESHAPES } from "../../onnx/channel-parts.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { operatorsNamed } from "../../onnx/node.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { inputsOf } from "../../onnx/operators/inputs.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";

/** Of one channel, in either of two images. */
type Pair = readonly [number, number];

/** Operators that make sums of their inputs, or pass the first on. */
const SUMS = operatorsNamed("Add Dropout Identity Neg Sub Sum");
/** Others whose output has its elements where the input has them. */
const IN_PLACE = operatorsNamed(
  "Abs Clip Div Exp Max Min Mul Pow Reciprocal Sigmoid Softmax Sqrt Tanh",
);

/** What rounding leaves of numbers of about 1 that cancel. */
const ROUNDING = 1e-9;

/**
 * The mean of a channel over its places in two images, by the arithmetic that makes it of other
 * numbers. Those are made up: of a constant one for both images. Of x r + (b - m r), where m is the
 * mean of x, both means are b: no image changes it.
 *
 * An axis of places is one that is longer than 1 and not that of the channels; the batch is one
 * image. A value is even if it has one number for each channel, the same at every place.
 */
export class PlaceMeans {
  readonly #facts: StaticGraph["facts"];
  readonly #layer: Layout;
  readonly #means = new Map<Value, Pair>();
  /** Axes of places of values with another number of axes than the layer: of [C, H W], say. */
  readonly #followed = new Map<Value, readonly number[]>();
  #count = 0;

  /** @param graph for one image */
  constructor({ graph, facts }: StaticGraph, layer: Layout) {
    this.#facts = facts;
    this.#layer = layer;
    for (const node of graph.nodes) {
      const [value] = node.outputs;
      if (node.domain !== "" || !value || !facts.has(value)) continue;
      const places = this.#placesBehind(node);
      if (places) this.#followed.set(value, places);
      this.#means.set(value, this.#meanBy(node));
    }
  }

  /** Whether the value has the same mean in both, and so in all. */
  isFixed(value: Value): boolean {
    return isAlike(this.#meanOf(value));
  }

  #meanOf(value: Value): Pair {
    const known = this.#means.get(value) ?? this.#madeUp(this.#isConstant(value));
    this.#means.set(value, known);
    return known;
  }

  #meanBy(node: Node): Pair {
    const { op, inputs } = node;
    const [x = ""] = inputs;
    const from = this.#placesOf(x);
    const isEven = inputs.map((input) => this.#isEven(input, node));
    const isAlongside = inputs.every(
      (input, i) => isEven[i] || this.#isConstant(input) || this.#isLaidOutAs(input, node),
    );
    const isMultiple = (op === "Mul" && isEven.includes(true)) || (op === "Div" && isEven[1]);
    if (isAlongside && (isMultiple || SUMS.has(op))) {
      return computed(node, (input) => this.#meanOf(input));
    }
    const isKept = this.#placesBehind(node)?.join() === this.#placesOf(node.outputs[0]!)?.join();
    if (RESHAPES.has(op) && from && isKept) return this.#meanOf(x);
    const isMean = op === "ReduceMean" || op === "GlobalAveragePool";
    const long = longAxes(this.#shapeOf(x));
    const taken = this.#reducedBy(node)?.filter((axis) => long.includes(axis));
    if (isMean && from && taken?.join() === from.join()) return this.#meanOf(x);
    return this.#madeUp(this.#isStandardised(node));
  }

  /** Numbers between 1 and 2, each time others. @param isConstant the same for both images */
  #madeUp(isConstant: boolean): Pair {
    const next = () => 1 + (Math.abs(1e4 * Math.sin(++this.#count)) % 1);
    const first = next();
    return [first, isConstant ? first : next()];
  }

  #isConstant(value: Value): boolean {
    return this.#facts.get(value)?.constant !== undefined;
  }

  #shapeOf(value: Value): readonly number[] {
    return this.#facts.get(value)?.shape ?? [];
  }

  /** `null` where it is not known which they are. */
  #placesOf(value: Value): readonly number[] | null {
    const { rank, channelAxis } = this.#layer;
    const shape = this.#shapeOf(value);
    if (shape.length !== rank) return this.#followed.get(value) ?? null;
    return longAxes(shape).filter((axis) => axis !== channelAxis);
  }

  /** Whether an input of a node has one number for all of the output's places. */
  #isEven(input: Value, { outputs }: Node): boolean {
    const [shape, rank] = [this.#shapeOf(input), this.#shapeOf(outputs[0]!).length];
    const places = this.#placesOf(outputs[0]!);
    return places?.every((axis) => (shape[axis - rank + shape.length] ?? 1) === 1) ?? false;
  }

  #isLaidOutAs(input: Value, { outputs }: Node): boolean {
    const [shape, wanted] = [input, outputs[0]!].map((value) => this.#shapeOf(value));
    const [own, places] = [input, outputs[0]!].map((value) => this.#placesOf(value));
    return shape!.join() === wanted!.join() && own?.join() === places?.join();
  }

  /** Where they can be followed from the node's input to its output. */
  #placesBehind(node: Node): readonly number[] | null {
    const { op, inputs, outputs } = node;
    const to = this.#shapeOf(outputs[0]!);
    if (SUMS.has(op) || IN_PLACE.has(op)) {
      const alike = inputs.find(
        (input) => this.#followed.has(input) && this.#shapeOf(input).join() === to.join(),
      );
      return alike === undefined ? null : this.#followed.get(alike)!;
    }
    // whatever lies along axis 1 are the channels of its input
    if (op === "InstanceNormalization") return behindSecond(to);
    const [x = ""] = inputs;
    const [from, places] = [this.#shapeOf(x), this.#placesOf(x)];
    if (places === null) return null;
    if (RESHAPES.has(op)) return reshaped(from, places, to);
    const taken = this.#reducedBy(node);
    if (taken === null) return null;
    const isKept = from.length === to.length;
    const gone = (axis: number) => (isKept ? 0 : taken.filter((each) => each < axis).length);
    return places.filter((axis) => !taken.includes(axis)).map((axis) => axis - gone(axis));
  }

  /** Axes that a reduction takes; `null` for any other node. */
  #reducedBy(node: Node): readonly number[] | null {
    if (!node.op.startsWith("Global") && !node.op.startsWith("Reduce")) return null;
    return reducedAxes(node, inputsOf(node, this.#facts));
  }

  /**
   * Whether an operator gives each channel the same mean: its places are standardised together
   * (InstanceNormalization), or are shares of a whole, as a token's attention to the others
   * (Softmax).
   */
  #isStandardised(node: Node): boolean {
    const shape = this.#shapeOf(node.outputs[0]!);
    const places = this.#placesOf(node.outputs[0]!) ?? [];
    if (node.op === "InstanceNormalization") {
      const isOfPlaces = places.join() === behindSecond(shape).join();
      return isOfPlaces && this.#isConstant(node.inputs[2] ?? "");
    }
    return node.op === "Softmax" && places.includes(axisAttribute(node, shape.length, -1));
  }
}

/** Which axis the channels lie along, of how many; the batch is axis 0, the others are of places. */
interface Layout {
  readonly channelAxis: number;
  readonly rank: number;
}

const longAxes = (shape: readonly number[]): readonly number[] =>
  [...shape.keys()].filter((axis) => shape[axis]! > 1);

const behindSecond = (shape: readonly number[]): readonly number[] =>
  longAxes(shape).filter((axis) => axis > 1);

/** Axes of places behind a Reshape, where all of a channel lie one after the other before it. */
function reshaped(from: readonly number[], places: readonly number[], to: readonly number[]) {
  const channels = sizeOf(from) / sizeOf(places.map((axis) => from[axis]!));
  const isBehind = (shape: readonly number[]) => (axis: number) =>
    sizeOf(shape.slice(0, axis)) >= channels;
  const isInRow = longAxes(from).filter(isBehind(from)).join() === places.join();
  const isKept = [...to, 1].some((_, axis) => sizeOf(to.slice(0, axis)) === channels);
  return isInRow && isKept ? longAxes(to).filter(isBehind(to)) : null;
}

/** What arithmetic makes of a number of each input. */
function computed({ op, inputs }: Node, of: (input: Value) => Pair): Pair {
  const [a, b] = [of(inputs[0]!), of(inputs[1] || inputs[0]!)];
  const each = (f: (x: number, y: number) => number): Pair => [f(a[0], b[0]), f(a[1], b[1])];
  switch (op) {
    case "Neg":
      return each((x) => -x);
    case "Sub":
      return each((x, y) => x - y);
    case "Mul":
      return each((x, y) => x * y);
    case "Div":
      return each((x, y) => x / y);
    case "Add":
    case "Sum":
      return inputs.map(of).reduce(([x, y], [v, w]) => [x + v, y + w]);
    default:
      return a;
  }
}

const isAlike = ([x, y]: Pair): boolean => Math.abs(x - y) <= ROUNDING;
