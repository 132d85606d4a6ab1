import type { Attributes, Node } from "../../../lib/onnx/model.ts";
import { type FloatTensor, floatTensor } from "../../../lib/onnx/tensor.ts";
import type { LayerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { normal } from "../random.ts";
import type { Tensor64 } from "./tensor64.ts";
import { convolution, pooled } from "./windows.ts";

/** Of one image, [3, H, W]. */
export const IMAGE = [3, 9, 11] as const;
const FIRST = normal([6, 3, 2, 3], 41);
const SECOND = normal([5, 6, 2, 2], 42);

/** Of the layer, [C, h, w]. */
export const LAYER = [5, 3, 3] as const;

const node = (op: string, inputs: readonly string[], attributes: Attributes = {}): Node => {
  const name = op === "Conv" ? `Conv ${inputs[1]}` : op;
  return { op, name, domain: "", inputs, outputs: [name], attributes };
};
const CONV_FIRST = node("Conv", ["image", "first"]);
const MAX_POOL = node("MaxPool", ["Relu"], { kernel_shape: [2, 2], strides: [2, 2] });
const CONV_SECOND = node("Conv", ["MaxPool", "second"]);

const inDouble = ({ shape, data }: FloatTensor): Tensor64 => ({
  shape,
  data: Float64Array.from(data),
});

/**
 * A network in double precision, one image [1, C, H, W] and one sum at a time: convolution 2x3,
 * ReLU, maxima of 2x2, convolution 2x2.
 */
export const float64Network = {
  /** The ReLU's output, which `rest` takes on. */
  relu: (image: Tensor64): Tensor64 => {
    const { shape, data } = convolution(CONV_FIRST, [image, inDouble(FIRST)], [1, 6, 8, 9]);
    return { shape, data: data.map((value) => Math.max(value, 0)) };
  },
  rest: (relu: Tensor64): Tensor64 => {
    const maxima = pooled(MAX_POOL, [relu], [1, 6, 4, 4]);
    return convolution(CONV_SECOND, [maxima, inDouble(SECOND)], [1, ...LAYER]);
  },
};

/** The same network, to be differentiated for a batch. */
export function float64Pass(batch: number): LayerPass {
  return {
    nodes: [CONV_FIRST, node("Relu", ["Conv first"]), MAX_POOL, CONV_SECOND],
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

/** Image `n` of a batch, [1, ...]. */
export function imageOf({ shape, data }: FloatTensor, n: number): Tensor64 {
  const size = data.length / shape[0]!;
  return inDouble(floatTensor(shape.with(0, 1), data.subarray(n * size, (n + 1) * size)));
}

/** The slope of `f` along each element, by central differences. */
export function slopes(at: Tensor64, f: (moved: Tensor64) => number): Float64Array {
  const step = 1e-6;
  return at.data.map((value, i) => {
    const moved = (by: number) => f({ ...at, data: at.data.with(i, value + by) });
    return (moved(step) - moved(-step)) / (2 * step);
  });
}
