import { ShapeMismatchError } from "./errors.ts";
import type { ValueFacts } from "./facts.ts";
import type { Node, Value } from "./model.ts";
import { describeNode } from "./node.ts";
import { inferIfPossible } from "./shape-inference.ts";
import { axisAttribute } from "./operators/axes.ts";
import { broadcastTo } from "./operators/elements.ts";
import { reducedAxes } from "./operators/reduce.ts";
import { parseGather } from "./operators/select.ts";
import { formatShape, intsTensor, type NumericTensor, sizeOf, toNumbers } from "./tensor.ts";

/** A node made for batch 1, rewritten for batch N, and the constants that it then reads. */
interface Rewrite {
  readonly node: Node;
  readonly constants: readonly (readonly [Value, NumericTensor])[];
}

type Facts = ReadonlyMap<Value, ValueFacts>;

/**
 * How the elements of one image lie along the batch's axis: together, image after image; in turn
 * with those of the others, as where whole batches are joined, [T N, C, H, W], or as [T, N, C] does
 * in rows [T N, C]; or neither. Of "joined" an image alone has its places one after the other, but
 * several may have theirs in any order.
 */
type Order = "together" | "joined" | "alternating" | "mixed";

/** Of a Gather for a whole batch: a last map of some hundred images, in a fraction of a second. */
const MAX_BATCH_INDICES = 2 ** 20;

/** Watches where the images of a batch lie in each value, from the input on. */
export class BatchAxis {
  readonly #size: number;
  /** Of every value where the batch is a single image; what a batch of N is compared with. */
  readonly #single: Facts;
  /** Values that depend on the image. */
  readonly #reached: Set<Value>;
  /** Of these, how many places each image has in the leading axis. */
  readonly parts = new Map<Value, number>();
  /** Of these, along which other axis the images lie, one place each. */
  readonly axes = new Map<Value, number>();
  /** Of these, those whose leading axis is not the batch, with what broke it. */
  readonly #broken = new Map<Value, ShapeMismatchError>();
  readonly #order = new Map<Value, Order>();

  /** @param single facts of the same network for one image; not asked for if `size` is 1 */
  constructor(image: Value, size: number, single: Facts) {
    this.#size = size;
    this.#single = single;
    this.#reached = new Set([image]);
  }

  /**
   * A node with constants that hold one image only, such as a Reshape to [1, ...] of a value
   * [N, ...], as one that does to each image what it does to a single one; `null` for any other.
   */
  rewrite(node: Node, facts: Facts): Rewrite | null {
    if (this.#size === 1 || this.#readsMixed(node)) return null;
    if (node.op === "Reshape") return this.#reshape(node, facts);
    if (node.op === "Resize") return this.#resize(node, facts);
    if (node.op === "Gather") return this.#gather(node, facts);
    return node.op === "Concat" ? this.#concat(node, facts) : null;
  }

  #reshape(node: Node, facts: Facts): Rewrite | null {
    const [x = "", shape = ""] = node.inputs;
    const to = this.#single.get(node.outputs[0]!)?.shape;
    const constant = facts.get(shape)?.constant;
    const before = this.#elementsBefore(x, facts);
    if (!to || before === null || !constant) return null;
    // one that is computed from the batch is as it should be
    const alone = this.#single.get(shape)?.constant;
    if (alone && toNumbers(alone).join() !== toNumbers(constant).join()) return null;
    const [wanted] = inferIfPossible(node, [facts.get(x)!, facts.get(shape)!]);
    const start = axisAfter(before, to);
    if (start === null) return null;
    // where the last axis alone is left behind the images, it is features: rows for each image
    const target = start > 0 && start === to.length - 1 ? start - 1 : start;
    const batched = to.with(target, to[target]! * this.#size);
    if (wanted?.shape.join() === batched.join()) return null;
    return this.#withConstant(node, 1, intsTensor(batched));
  }

  /** Sizes for all axes, [1, C, H, W]. */
  #resize(node: Node, facts: Facts): Rewrite | null {
    const [x = "", , , sizes = ""] = node.inputs;
    const axis = this.#axisOf(x, facts);
    const constant = facts.get(sizes)?.constant;
    if (axis === null || !constant || "axes" in node.attributes) return null;
    const lengths = toNumbers(constant);
    if (lengths[axis] !== this.#single.get(x)?.shape[axis]) return null;
    return this.#withConstant(node, 3, intsTensor(lengths.with(axis, facts.get(x)!.shape[axis]!)));
  }

  /** A constant for one image beside the batch, such as a class token beside the patches. */
  #concat(node: Node, facts: Facts): Rewrite | null {
    const axes = node.inputs.map((value) => this.#axisOf(value, facts));
    const axis = axes.find((found) => found !== null);
    const rank = facts.get(node.inputs[0]!)?.shape.length ?? 0;
    const joined = node.attributes["axis"];
    if (axis === undefined || axis === null || joined === axis || joined === axis - rank)
      return null;
    const constants: (readonly [Value, NumericTensor])[] = [];
    const inputs = node.inputs.map((value, i) => {
      const constant = facts.get(value)?.constant;
      if (axes[i] !== null || !constant || constant.type === "opaque") return value;
      if (constant.shape[axis] !== 1) return value;
      const name = `${value}_for_batch_${this.#size}`;
      constants.push([name, broadcastTo(constant, constant.shape.with(axis, this.#size))]);
      return name;
    });
    return constants.length === 0 ? null : { node: { ...node, inputs }, constants };
  }

  /**
   * Elements of one image, counted along the axis of the batch, as PyTorch's `as_strided` takes
   * them from all in a row.
   */
  #gather(node: Node, facts: Facts): Rewrite | null {
    const [x = "", indices = ""] = node.inputs;
    const axis = this.#axisOf(x, facts);
    const one = this.#single.get(x)?.shape;
    const constant = facts.get(indices)?.constant;
    if (axis === null || !one || !constant || constant.shape.length === 0) return null;
    if (this.isJoined(x)) return null;
    if (sizeOf(constant.shape) * this.#size > MAX_BATCH_INDICES) return null;
    const { axis: stated, indices: first } = parseGather(node, one, toNumbers(constant));
    if (stated !== axis) return null;
    const images = Array.from({ length: this.#size }, (_, n) =>
      first.map((index) => index + n * one[axis]!),
    );
    const [leading = 1, ...rest] = constant.shape;
    const shape = [leading * this.#size, ...rest];
    return this.#withConstant(node, 1, { ...intsTensor(images.flat()), shape });
  }

  #withConstant(node: Node, input: number, tensor: NumericTensor): Rewrite {
    const name = `${node.outputs[0]}_shape_for_batch_${this.#size}`;
    return {
      node: { ...node, inputs: node.inputs.with(input, name) },
      constants: [[name, tensor]],
    };
  }

  /** The axis along which a value's images lie; `null` if there is none, or it is not known. */
  #axisOf(value: Value, facts: Facts): number | null {
    const [many, one] = [facts.get(value)?.shape, this.#single.get(value)?.shape];
    if (!many || !one || many.length !== one.length || !this.#reached.has(value)) return null;
    const [axis, ...others] = [...one.keys()].filter((each) => many[each] !== one[each]);
    if (axis === undefined || others.length > 0) return null;
    return many[axis] === one[axis]! * this.#size ? axis : null;
  }

  /** Of one image, how many elements lie in front of the axis or the place of the images. */
  #elementsBefore(value: Value, facts: Facts): number | null {
    const [axis, one] = [this.#axisOf(value, facts), this.#single.get(value)?.shape];
    if (axis === null || !one) return null;
    return sizeOf(one.slice(0, this.#isAlternating(value) ? axis + 1 : axis));
  }

  /** Whether only an image alone has its places one after the other. */
  isJoined(value: Value): boolean {
    return this.#order.get(value) === "joined";
  }

  #isAlternating(value: Value): boolean {
    return this.#order.get(value) === "alternating";
  }

  #readsMixed({ inputs }: Node): boolean {
    return inputs.some((value) => this.#order.get(value) === "mixed");
  }

  #orderAfter(node: Node, output: Value, facts: Facts): Order {
    if (this.#size === 1) return "together";
    if (this.#readsMixed(node)) return "mixed";
    // every image is convolved with the weights that all of them make
    const isConvolved = node.op === "Conv" || node.op === "ConvTranspose";
    if (isConvolved && node.inputs.slice(1).some((value) => this.#reached.has(value))) {
      return "mixed";
    }
    if (node.op.startsWith("Scatter") && this.#isOfOneImage(node, facts)) return "mixed";
    const to = this.#axisOf(output, facts);
    if (to === null || this.#isOverImages(node, facts)) return "mixed";
    if (node.op !== "Reshape" && node.op !== "Flatten") {
      const alternating = node.inputs.find((value) => this.#isAlternating(value));
      if (alternating === undefined) return this.#orderApart(node, output, facts);
      const isKept = ROW_BY_ROW.has(node.op) && this.#axisOf(alternating, facts) === to;
      return isKept ? "alternating" : "mixed";
    }
    const [x = ""] = node.inputs;
    const before = this.#elementsBefore(x, facts);
    const one = this.#single.get(output)?.shape;
    if (before === null || !one) return "mixed";
    if (this.isJoined(x) && one[to] !== this.#placesOf(x, facts)) return "mixed";
    // an axis of length 1 may lie in front, which starts there too
    if (sizeOf(one.slice(0, to)) === before) return this.isJoined(x) ? "joined" : "together";
    return axisAfter(before, one) === to + 1 ? "alternating" : "mixed";
  }

  /** How many places each image has along their axis. */
  #placesOf(value: Value, facts: Facts): number {
    const axis = this.#axisOf(value, facts);
    return axis === null ? 1 : this.#single.get(value)!.shape[axis]!;
  }

  /** Where images do not alternate: a node may join them, or take some places of each. */
  #orderApart(node: Node, output: Value, facts: Facts): Order {
    const [x = ""] = node.inputs;
    const [before, places] = [this.#placesOf(x, facts), this.#placesOf(output, facts)];
    // of what lies image after image a part has all places of some images
    const isPart = (node.op === "Split" || node.op === "Slice") && places < before;
    if (isPart && !this.isJoined(x)) return places === 1 ? "mixed" : "joined";
    if (places === 1) return "together";
    const { length: rank } = facts.get(output)!.shape;
    const isJoining =
      node.inputs.some((value) => this.isJoined(value)) ||
      (node.op === "Tile" && places > before) ||
      (node.op === "Concat" && axisAttribute(node, rank) === this.#axisOf(output, facts));
    return isJoining ? "joined" : "together";
  }

  /** Whether a node sums over the images, or standardises or shares out all of theirs together. */
  #isOverImages(node: Node, facts: Facts): boolean {
    const axis = this.#axisOf(node.inputs[0]!, facts);
    if (axis === null) return false;
    const inputs = node.inputs.map((value) => facts.get(value) ?? null);
    const from = () => axisAttribute(node, inputs[0]!.shape.length, -1);
    if (node.op.endsWith("Softmax")) return from() === axis;
    if (node.op === "LayerNormalization") return from() <= axis;
    return node.op.startsWith("Reduce") && reducedAxes(node, inputs).includes(axis);
  }

  /** Whether a scatter's indices are made for one image: the others would stay as they are. */
  #isOfOneImage(node: Node, facts: Facts): boolean {
    const [x = "", indices = ""] = node.inputs;
    const axis = this.#axisOf(x, facts);
    const shape = facts.get(indices)?.shape;
    if (axis === null || !shape) return false;
    if (node.op === "ScatterND") return axis < shape.at(-1)!;
    return shape[axis] !== facts.get(x)!.shape[axis];
  }

  /**
   * Notes what a node does to the batch axis, once its outputs are inferred.
   *
   * A value whose leading axis is not the batch may get it back (attention splits and merges axes),
   * so its dependants are judged by their own shape.
   *
   * @returns The outputs that cannot be a layer, and why.
   */
  follow(node: Node, facts: Facts): readonly (readonly [Value, ShapeMismatchError])[] {
    const reaching = node.inputs.filter((value) => this.#reached.has(value));
    if (reaching.length === 0) return [];
    const source = facts.get(reaching[0]!)?.shape ?? [];
    return node.outputs.flatMap((output) => {
      const inferred = facts.get(output);
      if (!output || !inferred || inferred.constant) return [];
      this.#reached.add(output);
      const order = this.#orderAfter(node, output, facts);
      this.#order.set(output, order);
      const isSingle = this.#size === 1 || this.#single.get(output)?.shape[0] === 1;
      if (inferred.shape[0] === this.#size && isSingle && order !== "mixed") return [];
      const isApart = order === "together" || order === "joined";
      const axis = isApart ? this.#axisOf(output, facts) : null;
      if (axis === 0) this.parts.set(output, this.#placesOf(output, facts));
      if (axis !== null && axis > 0 && inferred.shape[axis] === this.#size) {
        this.axes.set(output, axis);
      }
      const earlier = reaching.map((value) => this.#broken.get(value)).find(Boolean);
      const problem = earlier ?? this.#lost(node, source, inferred.shape);
      this.#broken.set(output, problem);
      return [[output, problem] as const];
    });
  }

  #lost(node: Node, from: readonly number[], to: readonly number[]): ShapeMismatchError {
    const isHead = (node.op === "Reshape" || node.op === "Flatten") && to.length <= 2;
    return new ShapeMismatchError(
      `${describeNode(node)} turns ${formatShape(from)} into ${formatShape(to)}, which no longer ` +
        `has a leading axis of ${this.#size} for the batch; ` +
        (isHead
          ? "the network's head fits one image size only"
          : "choose a layer whose first axis is the batch"),
    );
  }
}

/** Operators that do the same to each row of their first input, or to each element. */
const ROW_BY_ROW: ReadonlySet<string> = new Set(
  `Add Cast Clip Div Dropout Erf Gemm Identity LayerNormalization MatMul Mul Pow Relu Sigmoid Sqrt
  Sub Tanh`.split(/\s+/),
);

/** The axis of a shape that starts behind so many elements; `null` if none does. */
function axisAfter(before: number, shape: readonly number[]): number | null {
  const found = [...shape.keys()].find((axis) => sizeOf(shape.slice(0, axis)) === before);
  return found ?? null;
}
