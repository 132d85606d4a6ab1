import { ShapeMismatchError } from "./errors.ts";
import type { Facts } from "./facts.ts";
import type { Node, Value } from "./model.ts";
import { describeNode, operatorsNamed } from "./node.ts";
import { axisAttribute } from "./operators/axes.ts";
import { inputsOf } from "./operators/inputs.ts";
import { parseGather, sliceRanges } from "./operators/select.ts";
import { formatShape, sizeOf } from "./tensor.ts";
import { BROADCASTING, worksAlong } from "./works-along.ts";

/**
 * How the elements of one image lie along the batch's axis: together, image after image; in whole
 * batches that are joined one after the other; in any order, of which an image alone has its places
 * one after the other ("scattered"); in turn with those of the others, as [T, N, C] does in rows
 * [T N, C]; or none of these.
 */
type Order = "together" | "joined" | "scattered" | "alternating" | "mixed";

/** Watches where the images of a batch lie in each value, from the input on. */
export class BatchAxis {
  /** Images of the batch. */
  readonly size: number;
  /** Of every value so far. */
  readonly facts: Facts;
  /** Of every value where the batch is a single image; what a batch of N is compared with. */
  readonly single: Facts;
  /** Values that depend on the image. */
  readonly #reached: Set<Value>;
  /** Of these, how many places each image has in the leading axis. */
  readonly parts = new Map<Value, number>();
  /** Of these, along which other axis the images lie, one place each. */
  readonly axes = new Map<Value, number>();
  /** Of these, those whose leading axis is not the batch, with what broke it. */
  readonly #broken = new Map<Value, ShapeMismatchError>();
  readonly #order = new Map<Value, Order>();

  /**
   * @param facts as they become known, the image's first
   * @param single facts of the same network for one image; `null` if the batch is one image
   */
  constructor(image: Value, facts: Facts, single: Facts | null) {
    this.size = facts.get(image)!.shape[0]!;
    this.facts = facts;
    this.single = single ?? facts;
    this.#reached = new Set([image]);
  }

  /** The axis along which a value's images lie; `null` if there is none, or it is not known. */
  axisOf(value: Value): number | null {
    const [many, one] = [this.facts.get(value)?.shape, this.single.get(value)?.shape];
    if (!many || !one || many.length !== one.length || !this.#reached.has(value)) return null;
    const [axis, ...others] = [...one.keys()].filter((each) => many[each] !== one[each]);
    if (axis === undefined || others.length > 0) return null;
    return many[axis] === one[axis]! * this.size ? axis : null;
  }

  /** Of one image, how many elements lie in front of the axis or the place of the images. */
  elementsBefore(value: Value): number | null {
    const [axis, one] = [this.axisOf(value), this.single.get(value)?.shape];
    if (axis === null || !one) return null;
    return sizeOf(one.slice(0, this.#isAlternating(value) ? axis + 1 : axis));
  }

  /** Whether only an image alone has its places one after the other. */
  isForOne(value: Value): boolean {
    return this.#isJoined(value) || this.#order.get(value) === "scattered";
  }

  #isJoined(value: Value): boolean {
    return this.#order.get(value) === "joined";
  }

  #isAlternating(value: Value): boolean {
    return this.#order.get(value) === "alternating";
  }

  #orderAfter(node: Node, output: Value): Order {
    if (this.size === 1) return "together";
    if (node.inputs.some((value) => this.#order.get(value) === "mixed")) return "mixed";
    const to = this.axisOf(output);
    if (to === null) return "mixed";
    if (node.op.startsWith("Scatter") && isScatteredOver(node, to, this.facts)) return "mixed";
    if (node.op !== "Reshape" && node.op !== "Flatten") {
      const orders = this.#ordersOf(node);
      if (!orders.has("alternating")) return this.#orderApart(node, output);
      if (this.#isOverImages(node, output)) return "mixed";
      return ROW_BY_ROW.has(node.op) && orders.size === 1 ? "alternating" : "mixed";
    }
    const [x = ""] = node.inputs;
    const before = this.elementsBefore(x)!;
    const one = this.single.get(output)!.shape;
    if (this.isForOne(x) && one[to] !== this.#placesOf(x)) return "mixed";
    // an axis of length 1 may lie in front, which starts there too
    if (sizeOf(one.slice(0, to)) === before) {
      return this.isForOne(x) ? this.#order.get(x)! : "together";
    }
    return axisAfter(before, one) === to + 1 ? "alternating" : "mixed";
  }

  /** How many places each image has along their axis. */
  #placesOf(value: Value): number {
    const axis = this.axisOf(value);
    return axis === null ? 1 : this.single.get(value)!.shape[axis]!;
  }

  /** Where images do not alternate: a node may join them, or take some places of each. */
  #orderApart(node: Node, output: Value): Order {
    const places = this.#placesOf(output);
    if (!this.#keepsBatches(node, output)) return places === 1 ? "mixed" : "scattered";
    if (places === 1) return "together";
    if (this.#ordersOf(node).has("joined")) return "joined";
    // a Gather takes more places of each image, any other repeats the whole batch
    return node.op !== "Gather" && places > this.#placesBefore(node) ? "joined" : "together";
  }

  /** Whether what lies image after image, or batch after batch, does so behind a node. */
  #keepsBatches(node: Node, output: Value): boolean {
    const orders = this.#ordersOf(node);
    if (orders.has("scattered") || this.#isOverImages(node, output)) return false;
    const axis = this.axisOf(output)!;
    const [before, places] = [this.#placesBefore(node), this.#placesOf(output)];
    const isWhole = (value: Value) => this.#isJoined(value) || this.#placesOf(value) === 1;
    const [x = ""] = node.inputs;
    switch (node.op) {
      case "Concat": {
        const isAlong = axisAttribute(node, this.facts.get(output)!.shape.length) === axis;
        return isAlong ? node.inputs.every(isWhole) : orders.size === 1;
      }
      case "Tile":
      case "Split":
        return places === before || isWhole(x);
      case "Slice":
        return this.#isOfWholeBatches(node, axis) && (places === before || isWhole(x));
      case "Gather":
        return !this.isForOne(x) || parseGather(node, this.facts.get(x)!.shape, []).axis !== axis;
      default:
        return orders.size === 1 && places === before;
    }
  }

  /** Whether a Slice takes, of what is batch after batch, some of these one after the other. */
  #isOfWholeBatches(node: Node, axis: number): boolean {
    const rangeIn = (known: Facts) => sliceRanges(node, inputsOf(node, known))[axis]!;
    const { start, step } = rangeIn(this.facts);
    return step === 1 && start === rangeIn(this.single).start * this.size;
  }

  #ordersOf({ inputs }: Node): ReadonlySet<Order> {
    const reached = inputs.filter((value) => this.#reached.has(value));
    return new Set(reached.map((value) => this.#order.get(value) ?? "together"));
  }

  /** How many places each image has along their axis, in the first input that depends on it. */
  #placesBefore({ inputs }: Node): number {
    return this.#placesOf(inputs.find((value) => this.#reached.has(value)) ?? "");
  }

  /**
   * Whether a node mixes images with each other: it works along their axis, or lays that of one
   * input beside another axis of another.
   */
  #isOverImages(node: Node, output: Value): boolean {
    const inputs = inputsOf(node, this.facts);
    const isAlong = node.inputs.some((value, index) => {
      const axis = this.axisOf(value);
      return axis !== null && worksAlong(node, { index, axis }, inputs);
    });
    if (isAlong) return true;
    if (!BROADCASTING.has(node.op)) return false;
    const fromEnd = (value: Value) => {
      const found = this.axisOf(value);
      return found === null ? null : this.facts.get(value)!.shape.length - found;
    };
    const wanted = fromEnd(output);
    return node.inputs.some((value) => ![null, wanted].includes(fromEnd(value)));
  }

  /**
   * Notes what a node does to the batch axis, once its outputs are inferred.
   *
   * A value whose leading axis is not the batch may get it back (attention splits and merges axes),
   * so its dependants are judged by their own shape.
   *
   * @returns The outputs that cannot be a layer, and why.
   */
  follow(node: Node): readonly (readonly [Value, ShapeMismatchError])[] {
    const reaching = node.inputs.filter((value) => this.#reached.has(value));
    if (reaching.length === 0) return [];
    const source = this.facts.get(reaching[0]!)?.shape ?? [];
    return node.outputs.flatMap((output) => {
      const inferred = this.facts.get(output);
      if (!output || !inferred || inferred.constant) return [];
      this.#reached.add(output);
      const order = this.#orderAfter(node, output);
      this.#order.set(output, order);
      const isLeading = inferred.shape[0] === this.size && this.single.get(output)?.shape[0] === 1;
      if (isLeading && order !== "mixed") return [];
      const isApart = order !== "alternating" && order !== "mixed";
      const axis = isApart ? this.axisOf(output) : null;
      if (axis === 0) this.parts.set(output, this.#placesOf(output));
      if (axis !== null && axis > 0 && inferred.shape[axis] === this.size) {
        this.axes.set(output, axis);
      }
      const earlier = reaching.map((value) => this.#broken.get(value)).find(Boolean);
      const own = () => (isLeading ? this.#mixed(node) : this.#lost(node, source, inferred.shape));
      const problem = earlier ?? own();
      this.#broken.set(output, problem);
      return [[output, problem] as const];
    });
  }

  #mixed(node: Node): ShapeMismatchError {
    return new ShapeMismatchError(
      `${describeNode(node)} does not keep the ${this.size} images of a batch apart; ` +
        "choose a layer before it",
    );
  }

  #lost(node: Node, from: readonly number[], to: readonly number[]): ShapeMismatchError {
    const isOfRows = (node.op === "Reshape" || node.op === "Flatten") && to.length <= 2;
    // rows of places keep the features that these have
    const isHead = isOfRows && !from.includes(to.at(-1)!);
    return new ShapeMismatchError(
      `${describeNode(node)} turns ${formatShape(from)} into ${formatShape(to)}, which no longer ` +
        `has a leading axis of ${this.size} for the batch; ` +
        (isHead
          ? "the network's head fits one image size only"
          : "choose a layer whose first axis is the batch"),
    );
  }
}

/**
 * Whether a scatter may replace places of other images, or only those of one: its indices are made
 * for that.
 *
 * @param axis of the images in what it makes
 */
function isScatteredOver(node: Node, axis: number, facts: Facts): boolean {
  const [x = "", indices = ""] = node.inputs;
  const { shape } = facts.get(indices)!;
  if (node.op === "ScatterND") return axis < shape.at(-1)!;
  const along = axisAttribute(node, shape.length, 0);
  return axis === along || shape[axis] !== facts.get(x)!.shape[axis];
}

/** Operators that do the same to each row of their first input, or to each element. */
const ROW_BY_ROW = operatorsNamed(`
  Add Cast Clip Div Dropout Erf Gemm Identity LayerNormalization MatMul Mul Pow Relu Sigmoid Sqrt
  Sub Tanh
`);

/** The axis of a shape that starts behind so many elements; `null` if none does. */
export function axisAfter(before: number, shape: readonly number[]): number | null {
  const found = [...shape.keys()].find((axis) => sizeOf(shape.slice(0, axis)) === before);
  return found ?? null;
}
