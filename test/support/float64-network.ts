import type { Attributes, Node } from "../../lib/onnx/model.ts";
import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";
import type { LayerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { normal } from "./random.ts";

/** Channels by rows by columns, in double precision. */
export interface Volume {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float64Array;
}

/** Of one image, [3, H, W]. */
export const IMAGE = [3, 9, 11] as const;
const FIRST = normal([6, 3, 2, 3], 41);
const SECOND = normal([5, 6, 2, 2], 42);

/** Of the layer, [C, h, w]. */
export const LAYER = [5, 3, 3] as const;

/**
 * A network in double precision, one sum at a time: convolution 2x3, ReLU, maxima of 2x2,
 * convolution 2x2.
 */
export const float64Network = {
  /** The ReLU's output, which `rest` takes on. */
  relu: (image: Volume): Volume => {
    const { shape, data } = convolution(image, FIRST);
    return { shape, data: data.map((value) => Math.max(value, 0)) };
  },
  rest: (relu: Volume): Volume => convolution(maxima(relu), SECOND),
};

/** The same network, to be differentiated for a batch. */
export function float64Pass(batch: number): LayerPass {
  const node = (op: string, inputs: readonly string[], attributes: Attributes = {}): Node => {
    const name = op === "Conv" ? `Conv ${inputs[1]}` : op;
    return { op, name, domain: "", inputs, outputs: [name], attributes };
  };
  return {
    nodes: [
      node("Conv", ["image", "first"]),
      node("Relu", ["Conv first"]),
      node("MaxPool", ["Relu"], { kernel_shape: [2, 2], strides: [2, 2] }),
      node("Conv", ["MaxPool", "second"]),
    ],
    initializers: new Map([
      ["first", FIRST],
      ["second", SECOND],
    ]),
    input: "image",
    layer: "Conv second",
    layerName: "second",
    imageShape: [batch, ...IMAGE],
    channels: LAYER[0],
    layerShape: [batch, ...LAYER],
  };
}

/** Image `n` of a batch. */
export function volumeOf({ shape, data }: FloatTensor, n: number): Volume {
  const [channels = 1, height = 1, width = 1] = shape.slice(1);
  const size = channels * height * width;
  return {
    shape: [channels, height, width],
    data: Float64Array.from(data.subarray(n * size, (n + 1) * size)),
  };
}

/** The slope of `f` along each element, by central differences. */
export function slopes(at: Volume, f: (moved: Volume) => number): Float64Array {
  const step = 1e-6;
  return at.data.map((value, i) => {
    const moved = (by: number) => f({ ...at, data: at.data.with(i, value + by) });
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** A batch of volumes as the graph takes it. */
export function batchOf(volumes: readonly Volume[]): FloatTensor {
  const data = volumes.flatMap(({ data: values }) => [...values]);
  return floatTensor([volumes.length, ...volumes[0]!.shape], data);
}

function convolution({ shape, data }: Volume, kernel: FloatTensor): Volume {
  const [channels, height, width] = shape;
  const [filters = 1, , rows = 1, columns = 1] = kernel.shape;
  const size = [filters, height - rows + 1, width - columns + 1] as const;
  return volume(size, (filter, y, x) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      for (let v = 0; v < rows; v++) {
        for (let u = 0; u < columns; u++) {
          const weight = kernel.data[((filter * channels + c) * rows + v) * columns + u]!;
          sum += weight * data[(c * height + y + v) * width + x + u]!;
        }
      }
    }
    return sum;
  });
}

function maxima({ shape, data }: Volume): Volume {
  const [channels, height, width] = shape;
  const at = (c: number, y: number, x: number) => data[(c * height + y) * width + x]!;
  const size = [channels, Math.floor(height / 2), Math.floor(width / 2)] as const;
  return volume(size, (c, y, x) =>
    Math.max(...[0, 1].flatMap((v) => [0, 1].map((u) => at(c, 2 * y + v, 2 * x + u)))),
  );
}

function volume(
  shape: Volume["shape"],
  value: (channel: number, y: number, x: number) => number,
): Volume {
  const [channels, height, width] = shape;
  const data = new Float64Array(channels * height * width);
  for (let i = 0; i < data.length; i++) {
    const [x, row] = [i % width, Math.floor(i / width)];
    data[i] = value(Math.floor(row / height), row % height, x);
  }
  return { shape, data };
}
