import type { Node } from "../../../lib/onnx/model.ts";
import { intAttribute, intsAttribute, stringAttribute } from "../../../lib/onnx/node.ts";
import { type Tensor64, zeros } from "./tensor64.ts";

/** Rows and columns of an operator whose windows slide over both. */
interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly begin: readonly [number, number];
}

type Pair = readonly [number, number];

function windowOf(node: Node, kernel: Pair, input: Pair, output: Pair): Window {
  const pair = (name: string, fallback: readonly number[]): Pair => {
    const [rows = 1, columns = 1] = intsAttribute(node, name, fallback);
    return [rows, columns];
  };
  const [strides, dilations] = [pair("strides", [1, 1]), pair("dilations", [1, 1])];
  const auto = stringAttribute(node, "auto_pad", "NOTSET");
  if (!auto.startsWith("SAME")) {
    return { kernel, strides, dilations, begin: pair("pads", [0, 0, 0, 0]) };
  }
  const before = [0, 1].map((i) => {
    const span = (kernel[i]! - 1) * dilations[i]! + 1;
    const total = Math.max(0, (output[i]! - 1) * strides[i]! + span - input[i]!);
    return auto === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { kernel, strides, dilations, begin: [before[0]!, before[1]!] };
}

/** Rows and columns of a shape [N, C, ...]; one of signals has one row. */
const sizeOfMap = (shape: readonly number[]): Pair =>
  shape.length === 3 ? [1, shape[2]!] : [shape[2]!, shape[3]!];

/** A node on signals [N, C, L] as one on maps of one row. */
function onMaps(node: Node, isSignal: boolean): Node {
  if (!isSignal) return node;
  const spread = (name: string, fill: number) => {
    const given = node.attributes[name];
    if (!Array.isArray(given)) return [];
    const [first, last = first] = given.map(Number);
    const values = name === "pads" ? [0, first!, 0, last!] : [fill, first!];
    return [[name, values] as const];
  };
  const attributes = {
    ...node.attributes,
    ...Object.fromEntries([
      ...spread("strides", 1),
      ...spread("dilations", 1),
      ...spread("pads", 0),
    ]),
  };
  return { ...node, attributes };
}

/** [N, C, H, W] with [M, C / group, h, w] and [M]. */
export function convolution(
  given: Node,
  [x, w, b]: readonly Tensor64[],
  shape: readonly number[],
): Tensor64 {
  const node = onMaps(given, shape.length === 3);
  const group = intAttribute(node, "group", 1);
  const [inChannels, filters] = [x!.shape[1]!, w!.shape[0]!];
  const [height, width] = sizeOfMap(x!.shape);
  const [rows, columns] = sizeOfMap(w!.shape);
  const [outHeight, outWidth] = sizeOfMap(shape);
  const window = windowOf(node, [rows, columns], [height, width], [outHeight, outWidth]);
  const [perGroup, filtersPerGroup] = [inChannels / group, filters / group];
  const y = zeros(shape);
  let at = 0;
  for (let n = 0; n < shape[0]!; n++) {
    for (let m = 0; m < filters; m++) {
      const first = n * inChannels + Math.floor(m / filtersPerGroup) * perGroup;
      for (let i = 0; i < outHeight; i++) {
        for (let j = 0; j < outWidth; j++) {
          let sum = b ? b.data[m]! : 0;
          for (let v = 0; v < rows; v++) {
            const row = i * window.strides[0] + v * window.dilations[0] - window.begin[0];
            if (row < 0 || row >= height) continue;
            for (let u = 0; u < columns; u++) {
              const column = j * window.strides[1] + u * window.dilations[1] - window.begin[1];
              if (column < 0 || column >= width) continue;
              let from = (first * height + row) * width + column;
              let weight = (m * perGroup * rows + v) * columns + u;
              for (let c = 0; c < perGroup; c++) {
                sum += x!.data[from]! * w!.data[weight]!;
                from += height * width;
                weight += rows * columns;
              }
            }
          }
          y.data[at++] = sum;
        }
      }
    }
  }
  return y;
}

/** [N, C, H, W] with [C, M / group, h, w] and [M]: each number spreads over a window. */
export function transposedConvolution(
  node: Node,
  [x, w, b]: readonly Tensor64[],
  shape: readonly number[],
): Tensor64 {
  const group = intAttribute(node, "group", 1);
  const [batch, channels, height, width] = x!.shape as [number, number, number, number];
  const [, perGroup, rows, columns] = w!.shape as [number, number, number, number];
  const [, filters, outHeight, outWidth] = shape as [number, number, number, number];
  const window = windowOf(node, [rows, columns], [height, width], [outHeight, outWidth]);
  const y = zeros(shape);
  if (b)
    y.data.forEach(
      (_, i) => (y.data[i] = b.data[Math.floor(i / (outHeight * outWidth)) % filters]!),
    );
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / (channels / group)) * perGroup;
      for (let i = 0; i < height * width; i++) {
        const value = x!.data[(n * channels + c) * height * width + i]!;
        for (let m = 0; m < perGroup; m++) {
          for (let k = 0; k < rows * columns; k++) {
            const row =
              Math.floor(i / width) * window.strides[0] +
              Math.floor(k / columns) * window.dilations[0] -
              window.begin[0];
            const column =
              (i % width) * window.strides[1] +
              (k % columns) * window.dilations[1] -
              window.begin[1];
            if (row < 0 || row >= outHeight || column < 0 || column >= outWidth) continue;
            const to = ((n * filters + first + m) * outHeight + row) * outWidth + column;
            y.data[to]! += value * w!.data[(c * perGroup + m) * rows * columns + k]!;
          }
        }
      }
    }
  }
  return y;
}

/** Maxima or means of windows. */
export function pooled(node: Node, [x]: readonly Tensor64[], shape: readonly number[]): Tensor64 {
  const [planes, height, width] = [x!.shape[0]! * x!.shape[1]!, x!.shape[2]!, x!.shape[3]!];
  const [outHeight, outWidth] = sizeOfMap(shape);
  const [rows = 1, columns = 1] = intsAttribute(node, "kernel_shape");
  const window = windowOf(node, [rows, columns], [height, width], [outHeight, outWidth]);
  const [endRow, endColumn] = intsAttribute(node, "pads", [0, 0, 0, 0]).slice(2) as [
    number,
    number,
  ];
  const countsPads = intAttribute(node, "count_include_pad", 0) === 1;
  const y = zeros(shape);
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        let [most, sum, count] = [-Infinity, 0, 0];
        for (let k = 0; k < rows * columns; k++) {
          const row =
            i * window.strides[0] + Math.floor(k / columns) * window.dilations[0] - window.begin[0];
          const column =
            j * window.strides[1] + (k % columns) * window.dilations[1] - window.begin[1];
          const isInside = row >= 0 && row < height && column >= 0 && column < width;
          // windows may reach beyond the padding where sizes are rounded up
          if (isInside || (countsPads && row < height + endRow && column < width + endColumn))
            count++;
          if (!isInside) continue;
          const value = x!.data[(plane * height + row) * width + column]!;
          most = Math.max(most, value);
          sum += value;
        }
        y.data[at++] = node.op === "MaxPool" ? most : sum / count;
      }
    }
  }
  return y;
}

/** Along the last two axes, nearest or linear. */
export function resized(node: Node, x: Tensor64, shape: readonly number[]): Tensor64 {
  const mode = stringAttribute(node, "mode", "nearest");
  const transform = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  const rounding = stringAttribute(node, "nearest_mode", "round_prefer_floor");
  const sourceOf = (to: number, length: number, from: number) => {
    const scale = length / from;
    if (transform === "asymmetric") return to / scale;
    if (transform === "align_corners") return length === 1 ? 0 : (to * (from - 1)) / (length - 1);
    return transform === "pytorch_half_pixel" && length === 1 ? 0 : (to + 0.5) / scale - 0.5;
  };
  const round = (at: number) => {
    if (rounding === "floor") return Math.floor(at);
    return rounding === "ceil" ? Math.ceil(at) : Math.ceil(at - 0.5);
  };
  const taps = (length: number, from: number) =>
    Array.from({ length }, (_, to) => {
      const at = sourceOf(to, length, from);
      const held = (i: number) => Math.min(Math.max(i, 0), from - 1);
      if (mode === "nearest") return [[held(round(at)), 1]] as const;
      const low = Math.floor(at);
      return [
        [held(low), 1 - at + low],
        [held(low + 1), at - low],
      ] as const;
    });
  const [height, width] = sizeOfMap(x.shape);
  const [outHeight, outWidth] = sizeOfMap(shape);
  const [rows, columns] = [taps(outHeight, height), taps(outWidth, width)];
  const y = zeros(shape);
  y.data.forEach((_, i) => {
    const plane = Math.floor(i / (outHeight * outWidth)) * height * width;
    for (const [row, a] of rows[Math.floor(i / outWidth) % outHeight]!) {
      for (const [column, b] of columns[i % outWidth]!) {
        y.data[i]! += a * b * x.data[plane + row * width + column]!;
      }
    }
  });
  return y;
}
