import { DataType } from "../element-type.ts";
import type { ModelError } from "../errors.ts";
import type { Attributes, Node, Value } from "../model.ts";
import { nodeError, standardNode } from "../node.ts";
import { filled, type FloatTensor, floatTensor, sizeOf } from "../tensor.ts";
import {
  type IntegerGrid,
  type KnownGrid,
  knownGrid,
  realNumbers,
  roundedNumbers,
} from "./integer-grid.ts";
import { Emitter, type Rewriting, type Upgrade } from "./upgrade.ts";

/**
 * Writes what one node of a quantised network becomes. An integer q is held as a float, and nothing
 * is rounded:
 *
 *     q = clip(x, (least - zero point) * scale, (most - zero point) * scale) / scale + zero point
 *     x = (q - zero point) * scale
 *
 * so that the straight-through gradient is the gradient: dx = dq / scale within the range, else 0.
 * Where integers are read on the grid that they were made on, the clipped x is read in their place.
 */
export class GridEmitter {
  readonly #node: Node;
  readonly #rewriting: Rewriting;
  readonly #emitter: Emitter;

  constructor(node: Node, rewriting: Rewriting) {
    this.#node = node;
    this.#rewriting = rewriting;
    this.#emitter = new Emitter(node, rewriting, { quantised: "rounding" });
  }

  get nodes(): readonly Node[] {
    return this.#emitter.nodes;
  }

  /** The numbers that integers stand for. */
  dequantised(integers: Value, grid: IntegerGrid): Value {
    const { constantOf, numbers } = this.#rewriting;
    const known = this.#known(integers, grid);
    const constant = constantOf(integers);
    if (known && constant && constant.type !== "opaque") {
      const make = () =>
        this.#rewriting.constant(realNumbers(this.#node, constant, known), plainName(integers));
      const made = numbers.constant([integers, grid], sizeOf(constant.shape), make);
      if (made !== null) return made;
    }
    const real = known && numbers.realOf(integers, known);
    return real ?? this.#scaledBack(integers, grid, known);
  }

  /** Writes the integers of numbers, as value `output`. */
  quantise(real: Value, grid: IntegerGrid, output: Value): void {
    const { constantOf, numbers } = this.#rewriting;
    const known = this.#known(real, grid);
    if (known === null) {
      const [scale, zeroPoint] = [grid.scale, grid.zeroPoint].map((v) =>
        this.#spread(v, real, grid),
      );
      const q = this.#applied("Add", this.#applied("Div", real, scale!), zeroPoint!);
      this.end("Identity", [q], output);
      return;
    }
    const constant = constantOf(real);
    const kept =
      constant && constant.type === "float32"
        ? this.#emitter.constant(roundedNumbers(this.#node, constant, known))
        : this.#bounded(real, known);
    numbers.remember(output, kept, known);
    const q = this.#applied("Div", kept, this.#constant(known.scale, 1));
    this.end("Identity", [this.#applied("Add", q, this.#constant(known.zeroPoint, 0))], output);
  }

  /** Writes what the node computes, on numbers. @returns its output */
  compute(op: string, inputs: readonly Value[], { attributes, by }: Computation = {}): Value {
    const { name, outputs } = this.#node;
    const output = this.#rewriting.fresh(plainName(outputs[0]!));
    this.end(op, inputs, output, { attributes: attributes ?? {}, by, name: plainName(name) });
    return output;
  }

  /** Writes that a value's axes are in another order, which is no layer. */
  moved(value: Value, perm: readonly number[]): Value {
    return this.#emitter.emit("Transpose", [value], { perm });
  }

  /** Writes the last node, which makes `output`. */
  end(
    op: string,
    inputs: readonly Value[],
    output: Value,
    { attributes, by, name }: Computation & { readonly name?: string } = {},
  ): void {
    const bare = {
      ...standardNode({ op, name: name ?? "", inputs, outputs: [output] }),
      ...(attributes && { attributes }),
      ...(this.#node.scope !== undefined && { scope: this.#node.scope }),
    };
    if (name === undefined) return this.#emitter.add({ ...bare, quantised: "rounding" });
    const node: Node = { ...bare, quantised: "operator" };
    this.#emitter.add(...(by ? by.upgrade(node, { ...this.#rewriting, opset: by.opset }) : [node]));
  }

  /** Elementwise; nothing is written for a second input of "". */
  #applied(op: string, x: Value, other: Value): Value {
    return other === "" ? x : this.#emitter.emit(op, [x, other]);
  }

  #scaledBack(integers: Value, grid: IntegerGrid, known: KnownGrid | null): Value {
    const type = this.#rewriting.factsOf(integers)?.type ?? "float32";
    const to = DataType.float;
    const q = type === "float32" ? integers : this.#emitter.emit("Cast", [integers], { to });
    const [scale, zeroPoint] = known
      ? [this.#constant(known.scale, 1), this.#constant(known.zeroPoint, 0)]
      : [grid.scale, grid.zeroPoint].map((value) => this.#spread(value, integers, grid));
    return this.#applied("Mul", this.#applied("Sub", q, zeroPoint!), scale!);
  }

  #bounded(real: Value, { scale, zeroPoint, range: [least, most] }: KnownGrid): Value {
    const bound = (integer: number) => combined(scale, zeroPoint, (s, z) => (integer - z) * s);
    const [low, high] = [bound(least), bound(most)].map((tensor) => this.#emitter.constant(tensor));
    if (scale.data.length === 1 && zeroPoint.data.length === 1) {
      return this.#emitter.emit("Clip", [real, low!, high!]);
    }
    return this.#emitter.emit("Min", [this.#emitter.emit("Max", [real, low!]), high!]);
  }

  /** "" for numbers that change nothing. */
  #constant(numbers: FloatTensor, neutral: number): Value {
    return numbers.data.every((x) => x === neutral) ? "" : this.#emitter.constant(numbers);
  }

  /** Scales that are computed, of one axis, as they broadcast to a value. */
  #spread(numbers: Value, value: Value, { axis, blockSize }: IntegerGrid): Value {
    const shape = this.#rewriting.factsOf(numbers)?.shape ?? [];
    if (blockSize > 0) throw this.#refusal("blocks of a value that is no constant");
    if (numbers === "" || sizeOf(shape) === 1 || shape.length !== 1) return numbers;
    const rank = this.#shapeOf(value).length;
    const after = axis < 0 ? -axis - 1 : rank - axis - 1;
    return this.#emitter.emit("Reshape", [numbers, this.#emitter.ints(-1, ...filled(after, 1))]);
  }

  /** The grid's numbers; `null` if they are computed. */
  #known(value: Value, grid: IntegerGrid): KnownGrid | null {
    const { constantOf } = this.#rewriting;
    const [scale, zeroPoint] = [constantOf(grid.scale), constantOf(grid.zeroPoint)];
    if ((grid.scale && !scale) || (grid.zeroPoint && !zeroPoint)) return null;
    for (const tensor of [scale, zeroPoint]) {
      if (tensor?.type === "opaque") throw this.#unread(tensor.onnxType);
    }
    const isOne = [scale, zeroPoint].every((tensor) => !tensor || sizeOf(tensor.shape) === 1);
    if (!isOne && grid.blockSize > 0 && !constantOf(value)) {
      throw this.#refusal("blocks of a value that is no constant");
    }
    const shape = isOne ? [] : this.#shapeOf(value);
    return knownGrid(this.#node, { scale, zeroPoint }, grid, shape);
  }

  #shapeOf(value: Value): readonly number[] {
    const { constantOf, factsOf } = this.#rewriting;
    const shape = constantOf(value)?.shape ?? factsOf(value)?.shape;
    if (!shape) throw this.#refusal("a scale for each channel of a value of unknown shape");
    return shape;
  }

  #unread(onnxType: number): ModelError {
    return nodeError(
      this.#node,
      `numbers of ONNX type ${onnxType}, as of 8-bit floats, are not read; use the model as it was before it was quantised, or quantise to integers`,
    );
  }

  #refusal(what: string): ModelError {
    return nodeError(
      this.#node,
      `${what} is not supported; quantise with one scale for each tensor`,
    );
  }
}

interface Computation {
  readonly attributes?: Attributes;
  /** The operator as of an older opset. */
  readonly by?: { readonly upgrade: Upgrade; readonly opset: number } | undefined;
}

/** What a name was before a quantiser, and then an optimiser, added to it. */
export function plainName(name: string): string {
  const own = name.replace(/_token_\d+$/, "");
  return own.replace(
    /_(quantized|quant|QuantizeLinear_Output|DequantizeLinear_Output|Q\d+|Bnb4)$/,
    "",
  );
}

/** Of two that broadcast together, one of them a single number or both of one shape. */
function combined(a: FloatTensor, b: FloatTensor, f: (a: number, b: number) => number) {
  const larger = a.data.length >= b.data.length ? a : b;
  const at = ({ data }: FloatTensor, i: number) => data[data.length === 1 ? 0 : i]!;
  return floatTensor(
    larger.shape,
    larger.data.map((_, i) => f(at(a, i), at(b, i))),
  );
}
