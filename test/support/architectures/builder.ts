import { type Attributes, float, type Value } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { GraphSketcher } from "./sketcher.ts";

type Pair = number | readonly [number, number];

export interface ConvOptions {
  /** @default 3 */
  readonly kernel?: Pair;
  /** @default 1 */
  readonly stride?: Pair;
  /** @default half the kernel */
  readonly pad?: Pair;
  readonly groups?: number;
  readonly dilation?: number;
  /** @default true */
  readonly bias?: boolean;
}

const pair = (value: Pair): readonly [number, number] =>
  typeof value === "number" ? [value, value] : value;

/** Layers as exporters of each opset write them. */
export class NetBuilder extends GraphSketcher {
  conv(x: Value, filters: number, options: ConvOptions = {}): Value {
    const { kernel = 3, stride = 1, groups = 1, dilation = 1, bias = true } = options;
    const [rows, columns] = pair(kernel);
    const [top, left] = pair(options.pad ?? [dilation * (rows >> 1), dilation * (columns >> 1)]);
    const perGroup = this.channels(x) / groups;
    const scale = Math.sqrt(3 / (perGroup * rows * columns));
    const w = this.weight("weight", [filters, perGroup, rows, columns], [-scale, scale]);
    const b = bias ? [this.weight("bias", [filters], [-0.2, 0.2])] : [];
    return this.op("Conv", [x, w, ...b], {
      kernel_shape: [rows, columns],
      strides: [...pair(stride)],
      pads: [top, left, top, left],
      dilations: [dilation, dilation],
      group: groups,
    });
  }

  transposedConv(x: Value, filters: number, size = 2): Value {
    const w = this.weight("weight", [this.channels(x), filters, size, size], [-0.4, 0.4]);
    const b = this.weight("bias", [filters], [-0.2, 0.2]);
    return this.op("ConvTranspose", [x, w, b], {
      kernel_shape: [size, size],
      strides: [size, size],
    });
  }

  batchNorm(x: Value): Value {
    const channels = [this.channels(x)];
    return this.op("BatchNormalization", [
      x,
      this.weight("weight", channels, [0.7, 1.4]),
      this.weight("bias", channels, [-0.3, 0.3]),
      this.weight("running_mean", channels, [-0.2, 0.2]),
      this.weight("running_var", channels, [0.3, 0.8]),
    ]);
  }

  /** Over the last axis; in parts before opset 17. */
  layerNorm(x: Value): Value {
    const length = [this.shape(x).at(-1)!];
    const [a, b] = [
      this.weight("weight", length, [0.7, 1.4]),
      this.weight("bias", length, [-0.3, 0.3]),
    ];
    if (this.opset >= 17)
      return this.op("LayerNormalization", [x, a, b], { axis: -1, epsilon: float(1e-6) });
    const centred = this.op("Sub", [x, this.mean(x, [-1])]);
    const variance = this.mean(this.op("Pow", [centred, this.scalar(2)]), [-1]);
    const deviation = this.op("Sqrt", [this.op("Add", [variance, this.scalar(1e-6)])]);
    return this.op("Add", [this.op("Mul", [this.op("Div", [centred, deviation]), a]), b]);
  }

  /** InstanceNormalization over groups, as PyTorch writes it. */
  groupNorm(x: Value, groups: number): Value {
    const shape = this.shape(x);
    const grouped = this.op("Reshape", [x, this.ints(0, groups, -1)]);
    const ones = this.constant(floatTensor([groups], Array<number>(groups).fill(1)));
    const none = this.constant(floatTensor([groups], Array<number>(groups).fill(0)));
    const normed = this.op("InstanceNormalization", [grouped, ones, none], {
      epsilon: float(1e-5),
    });
    const back = this.op("Reshape", [normed, this.ints(...shape)]);
    const a = this.weight("weight", [shape[1]!, 1, 1], [0.7, 1.4]);
    const b = this.weight("bias", [shape[1]!, 1, 1], [-0.3, 0.3]);
    return this.op("Add", [this.op("Mul", [back, a]), b]);
  }

  relu = (x: Value): Value => this.op("Relu", [x]);
  sigmoid = (x: Value): Value => this.op("Sigmoid", [x]);
  silu = (x: Value): Value => this.op("Mul", [x, this.sigmoid(x)]);
  relu6 = (x: Value): Value => this.op("Clip", [x, this.scalar(0), this.scalar(6)]);
  add = (a: Value, b: Value): Value => this.op("Add", [a, b]);
  mul = (a: Value, b: Value): Value => this.op("Mul", [a, b]);
  concat = (values: readonly Value[], axis = 1): Value => this.op("Concat", values, { axis });
  reshape = (x: Value, ...shape: readonly number[]): Value =>
    this.op("Reshape", [x, this.ints(...shape)]);
  transpose = (x: Value, ...perm: readonly number[]): Value => this.op("Transpose", [x], { perm });
  softmax = (x: Value): Value => this.op("Softmax", [x], { axis: this.shape(x).length - 1 });
  globalPool = (x: Value): Value => this.op("GlobalAveragePool", [x]);

  hardSwish = (x: Value): Value => {
    if (this.opset >= 14) return this.op("HardSwish", [x]);
    const gate = this.relu6(this.add(x, this.scalar(3)));
    return this.op("Div", [this.mul(x, gate), this.scalar(6)]);
  };

  gelu = (x: Value): Value => {
    if (this.opset >= 20) return this.op("Gelu", [x], { approximate: "none" });
    const bend = this.op("Erf", [this.op("Div", [x, this.scalar(Math.SQRT2)])]);
    return this.mul(this.mul(x, this.add(bend, this.scalar(1))), this.scalar(0.5));
  };

  mean = (x: Value, axes: readonly number[], keepdims = 1): Value =>
    this.op("ReduceMean", [x, this.ints(...axes)], { keepdims });

  maxPool = (x: Value, kernel: number, stride = kernel, pad = 0, ceil = 0): Value =>
    this.op("MaxPool", [x], pooling(kernel, stride, pad, ceil));

  averagePool = (x: Value, kernel: number, stride = kernel, pad = 0): Value =>
    this.op("AveragePool", [x], { ...pooling(kernel, stride, pad, 0), count_include_pad: 1 });

  /** x W' + b, on the last axis of anything. */
  linear(x: Value, features: number, bias = true): Value {
    const shape = this.shape(x);
    const length = shape.at(-1)!;
    const scale = Math.sqrt(3 / length);
    const range = [-scale, scale] as const;
    if (shape.length === 2) {
      const w = this.weight("weight", [features, length], range);
      const b = this.weight("bias", [features], [-0.2, 0.2]);
      return this.op("Gemm", [x, w, b], { transB: 1 });
    }
    const y = this.op("MatMul", [x, this.weight("weight", [length, features], range)]);
    return bias ? this.add(this.weight("bias", [features], [-0.2, 0.2]), y) : y;
  }

  /** Global mean, flat, classes. */
  head(x: Value, classes = 7): Value {
    const flat = this.op("Flatten", [this.globalPool(x)], { axis: 1 });
    return this.within("fc", () => this.linear(flat, classes));
  }

  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    return this.op("Slice", [
      x,
      this.ints(start),
      this.ints(end),
      this.ints(axis),
      this.ints(step),
    ]);
  }

  split(x: Value, axis: number, ...lengths: readonly number[]): readonly Value[] {
    return this.ops("Split", [x, this.ints(...lengths)], { axis }, lengths.length);
  }

  /** By factors of rows and columns. */
  upsample(x: Value, factor: number, mode: "nearest" | "linear" = "nearest"): Value {
    const scales = this.constant(floatTensor([4], [1, 1, factor, factor]));
    const nearest = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    const linear = { coordinate_transformation_mode: "half_pixel" };
    return this.op("Resize", [x, "", scales], { mode, ...(mode === "nearest" ? nearest : linear) });
  }

  /** To rows and columns by constant sizes of all four axes, as PyTorch writes `interpolate`. */
  resizeTo(x: Value, height: number, width: number): Value {
    const sizes = this.ints(...this.shape(x).slice(0, 2), height, width);
    return this.op("Resize", [x, "", "", sizes], {
      mode: "linear",
      coordinate_transformation_mode: "pytorch_half_pixel",
    });
  }
}

function pooling(kernel: number, stride: number, pad: number, ceil: number): Attributes {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    ...(ceil > 0 && { ceil_mode: 1 }),
  };
}
