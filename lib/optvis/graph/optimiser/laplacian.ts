import type { Forms } from "../../../autodiff/forms/forms.ts";
import { formsOf } from "../../../autodiff/forms/index.ts";
import type { Provider } from "../../../autodiff/provider.ts";
import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type AxisWindow, padsOf } from "../../../onnx/operators/window.ts";
import { floatTensor } from "../../../onnx/tensor.ts";

/** Levels of the Laplacian pyramid below the residue, as in the notebook deepDreamImage cites. */
const LAPLACIAN_LEVELS = 4;

/** Keeps a level that is zero everywhere zero, instead of dividing by zero. */
const SMALLEST_RMS = 1e-10;

const BINOMIAL = [1, 4, 6, 4, 1]; // sums to 16 along an axis, 256 over the kernel

/**
 * Laplacian-pyramid normalisation of a gradient: every band of spatial frequency is scaled to a
 * root mean square of 1, so that low frequencies grow as fast as high ones.
 *
 *     lo = K * g, every second pixel;  hi = g - expand(lo);  the same on lo, `levels` times
 *     each level / max(rms, 1e-10);  merged upwards: g = expand(g) + hi
 *
 * K is the binomial kernel per colour, `expand` its adjoint with 4 K; borders as TensorFlow's SAME.
 * The rms is that of one image, all its colours together.
 *
 * @param gradient [N, planes, H, W] @returns the same shape
 *
 * Source: "DeepDreaming with TensorFlow" (notebook), `lap_normalize`.
 */
export function emitLaplacianNormalisation(
  graph: GraphBuilder,
  gradient: Value,
  provider: Provider,
  levels = LAPLACIAN_LEVELS,
): Value {
  const forms = formsOf(provider, graph);
  const [n = 1, colours = 1, height = 1, width = 1] = graph.shapeOf(gradient);
  const normalise = (band: Value) => {
    const shape = graph.shapeOf(band);
    return reshapeTo(graph, emitUnitRms(graph, reshapeTo(graph, band, [n, -1])), shape);
  };

  // each colour is an image of its own to the one-channel kernel
  let low = reshapeTo(graph, gradient, [n * colours, 1, height, width]);
  const bands: { readonly high: Value; readonly windows: readonly AxisWindow[] }[] = [];
  for (let level = 0; level < levels; level++) {
    const windows = graph.shapeOf(low).slice(2).map(samePadding);
    const lower = reduce(graph, low, windows);
    const high = graph.emit("Sub", [low, expand(forms, lower, windows)]);
    bands.push({ high: normalise(high), windows });
    low = lower;
  }
  const merged = bands.reduceRight(
    (coarse, { high, windows }) => graph.emit("Add", [expand(forms, coarse, windows), high]),
    normalise(low),
  );
  return reshapeTo(graph, merged, [n, colours, height, width]);
}

/** Root mean square of each row of [N, M]: [N, 1]. */
export function emitRms(graph: GraphBuilder, rows: Value): Value {
  const square = graph.emit("Mul", [rows, rows]);
  return graph.emit("Sqrt", [graph.emit("ReduceMean", [square, graph.ints([1])], { keepdims: 1 })]);
}

function emitUnitRms(graph: GraphBuilder, rows: Value): Value {
  const rms = graph.emit("Max", [emitRms(graph, rows), graph.scalar(SMALLEST_RMS)]);
  return graph.emit("Div", [rows, rms]);
}

/** TensorFlow's SAME for kernel 5, stride 2: the odd pixel of padding goes after. */
function samePadding(input: number): AxisWindow {
  const output = Math.ceil(input / 2);
  const total = Math.max((output - 1) * 2 + BINOMIAL.length - input, 0);
  const padBegin = Math.floor(total / 2);
  return {
    kernel: BINOMIAL.length,
    stride: 2,
    dilation: 1,
    padBegin,
    padEnd: total - padBegin,
    input,
    output,
  };
}

/** [M, 1, H, W] to [M, 1, ceil(H / 2), ceil(W / 2)]. */
function reduce(graph: GraphBuilder, image: Value, windows: readonly AxisWindow[]): Value {
  return graph.emit("Conv", [image, graph.constant(binomialKernel(1))], {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    pads: padsOf(windows),
  });
}

/** The adjoint of `reduce`, times 4 for the pixels between. */
function expand(forms: Forms, image: Value, windows: readonly AxisWindow[]): Value {
  return forms.convAdjoint(image, { windows, group: 1, weight: binomialKernel(4) });
}

function binomialKernel(gain: number) {
  const kernel = BINOMIAL.flatMap((a) => BINOMIAL.map((b) => (gain * a * b) / 256));
  return floatTensor([1, 1, BINOMIAL.length, BINOMIAL.length], kernel);
}
