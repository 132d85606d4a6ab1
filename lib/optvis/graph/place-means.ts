import type { Model, Node, Value } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import { type Tensor, toNumbers } from "../../onnx/tensor.ts";

/** Which axis the channels lie along, of how many; the batch is axis 0, the others are of places. */
export interface ChannelPlace {
  readonly channelAxis: number;
  readonly rank: number;
}

/** Of one channel, in either of two images. */
type Pair = readonly [number, number];

/** Operators that make sums of their inputs, or pass the first on. */
const SUMS: ReadonlySet<string> = new Set("Add Dropout Identity Neg Sub Sum".split(" "));
/** Others on elements, whose output is even, in the sense below, where all inputs are. */
const ON_ELEMENTS: ReadonlySet<string> = new Set(
  "Abs Clip Div Exp Max Min Mul Pow Reciprocal Sigmoid Sqrt Tanh".split(" "),
);

/** What rounding leaves of numbers of about 1 that cancel. */
const ROUNDING = 1e-9;

/**
 * The mean of a channel over its places in two images, by the arithmetic that makes it of other
 * numbers. Those are made up: of a constant one for both images. Of x r + (b - m r), where m is the
 * mean of x, both means are b: no image changes it.
 *
 * A value is even if it has one number for each channel of an image, the same at every place.
 */
export class PlaceMeans {
  readonly #constants: ReadonlyMap<Value, Tensor>;
  readonly #place: ChannelPlace;
  readonly #axes: readonly number[];
  readonly #places: readonly number[];
  readonly #means = new Map<Value, Pair>();
  readonly #evens = new Set<Value>();
  #count = 0;

  constructor({ graph, folded }: Model, place: ChannelPlace) {
    // an exporter may write a bias as a Cast or an Identity of weights
    this.#constants = new Map([...graph.initializers, ...folded]);
    this.#place = place;
    this.#axes = Array.from({ length: place.rank }, (_, axis) => axis);
    this.#places = this.#axes.filter((axis) => axis > 0 && axis !== place.channelAxis);
    for (const node of graph.nodes) {
      const [value] = node.outputs;
      if (node.domain !== "" || !value || folded.has(value)) continue;
      if (this.#makesEven(node)) this.#evens.add(value);
      this.#means.set(value, this.#meanBy(node));
    }
  }

  /** Whether the value has the same mean in both, and so in all. */
  isFixed(value: Value): boolean {
    return isAlike(this.#meanOf(value));
  }

  #meanOf(value: Value): Pair {
    const known = this.#means.get(value) ?? this.#madeUp(this.#constants.has(value));
    this.#means.set(value, known);
    return known;
  }

  #meanBy(node: Node): Pair {
    const { op, inputs } = node;
    const isEven = inputs.map((input) => this.#isEven(input));
    const isMultiple = (op === "Mul" && isEven.includes(true)) || (op === "Div" && isEven[1]);
    if (isMultiple || SUMS.has(op)) return computed(node, (input) => this.#meanOf(input));
    if (this.#isMeanOfPlaces(node)) return this.#meanOf(inputs[0]!);
    return this.#madeUp(this.#isStandardised(node));
  }

  /** Numbers between 1 and 2, each time others. @param isConstant the same for both images */
  #madeUp(isConstant: boolean): Pair {
    const next = () => 1 + (Math.abs(1e4 * Math.sin(++this.#count)) % 1);
    const first = next();
    return [first, isConstant ? first : next()];
  }

  #isEven(value: Value): boolean {
    const shape = this.#constants.get(value)?.shape;
    if (shape === undefined) return this.#evens.has(value);
    const { rank } = this.#place;
    return this.#places.every((axis) => (shape[axis - rank + shape.length] ?? 1) === 1);
  }

  #makesEven(node: Node): boolean {
    const inputs = node.inputs.filter(Boolean);
    if (SUMS.has(node.op) || ON_ELEMENTS.has(node.op)) {
      return inputs.every((input) => this.#isEven(input));
    }
    const axes = this.#reducedAxes(node);
    return axes !== null && this.#places.every((axis) => axes.has(axis));
  }

  #isMeanOfPlaces(node: Node): boolean {
    const isMean = node.op === "ReduceMean" || node.op === "GlobalAveragePool";
    return isMean && this.#makesEven(node) && this.#reducedAxes(node)?.size === this.#places.length;
  }

  /** `null` where it is no reduction, its axes are not kept, or not known. */
  #reducedAxes(node: Node): ReadonlySet<number> | null {
    const { rank } = this.#place;
    if (node.op.startsWith("Global")) return new Set(this.#axes.slice(2));
    const given = this.#constants.get(node.inputs[1] ?? "");
    const isKept = node.op.startsWith("Reduce") && intAttribute(node, "keepdims", 1) === 1;
    if (!isKept || given?.type !== "int64") return null;
    return new Set(toNumbers(given).map((axis) => (axis < 0 ? axis + rank : axis)));
  }

  /**
   * Whether an operator gives each channel the same mean: its places are standardised together
   * (InstanceNormalization), or are shares of a whole, as a token's attention to the others
   * (Softmax).
   */
  #isStandardised(node: Node): boolean {
    const { rank, channelAxis } = this.#place;
    if (node.op === "InstanceNormalization") {
      return channelAxis === 1 && this.#constants.has(node.inputs[2] ?? "");
    }
    const axis = intAttribute(node, "axis", -1);
    return node.op === "Softmax" && this.#places.includes(axis < 0 ? axis + rank : axis);
  }
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
