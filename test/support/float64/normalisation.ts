import { floatAttribute, intAttribute } from "../../../lib/onnx/node.ts";
import { sizeOf } from "../../../lib/onnx/tensor.ts";
import { around, broadcastTo, type Operator64, type Tensor64, zeros } from "./tensor64.ts";

/** Each slice along an axis by a function of it. */
export function along(
  x: Tensor64,
  axis: number,
  f: (slice: Float64Array) => Float64Array,
): Tensor64 {
  const { outer, length, inner } = around(x.shape, axis);
  const y = zeros(x.shape);
  for (let i = 0; i < outer * inner; i++) {
    const first = Math.floor(i / inner) * length * inner + (i % inner);
    const slice = Float64Array.from({ length }, (_, k) => x.data[first + k * inner]!);
    f(slice).forEach((value, k) => (y.data[first + k * inner] = value));
  }
  return y;
}

export const mean = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0) / values.length;

function standardised(values: Float64Array, epsilon: number): Float64Array {
  const centre = mean(values);
  const variance = mean(values.map((x) => (x - centre) ** 2));
  return values.map((x) => (x - centre) / Math.sqrt(variance + epsilon));
}

export function exponentials(values: Float64Array): Float64Array {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** Numbers for each channel, as they broadcast to [N, C, ...]. */
const perChannel = ({ data }: Tensor64, { shape }: Tensor64): Tensor64 =>
  broadcastTo({ shape: [data.length, ...shape.slice(2).map(() => 1)], data }, shape);

function affine(x: Tensor64, scale: Tensor64, shift?: Tensor64): Tensor64 {
  return { ...x, data: x.data.map((value, i) => value * scale.data[i]! + (shift?.data[i] ?? 0)) };
}

export const batchNormalization: Operator64 = (node, [x, ...parameters]) => {
  const [scale, shift, centre, variance] = parameters.map((each) => perChannel(each, x!).data);
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const data = x!.data.map(
    (v, i) => (scale![i]! * (v - centre![i]!)) / Math.sqrt(variance![i]! + epsilon) + shift![i]!,
  );
  return { ...x!, data };
};

export const layerNormalization: Operator64 = (node, [x, scale, shift]) => {
  const { at } = around(x!.shape, intAttribute(node, "axis", -1));
  const rows = {
    shape: [sizeOf(x!.shape.slice(0, at)), sizeOf(x!.shape.slice(at))],
    data: x!.data,
  };
  const { data } = along(rows, 1, (row) =>
    standardised(row, floatAttribute(node, "epsilon", 1e-5)),
  );
  const [a, b] = [scale, shift].map((each) => each && broadcastTo(each, x!.shape));
  return affine({ ...x!, data }, a!, b);
};

export const instanceNormalization: Operator64 = (node, [x, scale, shift]) => {
  const [batch = 1, channels = 1, ...places] = x!.shape;
  const rows = { shape: [batch * channels, sizeOf(places)], data: x!.data };
  const { data } = along(rows, 1, (row) =>
    standardised(row, floatAttribute(node, "epsilon", 1e-5)),
  );
  return affine({ ...x!, data }, perChannel(scale!, x!), perChannel(shift!, x!));
};

export const lrn: Operator64 = (node, [x]) => {
  const size = intAttribute(node, "size");
  const [alpha, beta] = [floatAttribute(node, "alpha", 1e-4), floatAttribute(node, "beta", 0.75)];
  const bias = floatAttribute(node, "bias", 1);
  return along(x!, 1, (values) =>
    values.map((value, c) => {
      const first = c - Math.floor((size - 1) / 2);
      const window = values.subarray(Math.max(0, first), first + size);
      const sum = window.reduce((total, v) => total + v * v, 0);
      return value / (bias + (alpha / size) * sum) ** beta;
    }),
  );
};
