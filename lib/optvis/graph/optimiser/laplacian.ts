import { formsOf } from "../../../autodiff/forms/index.ts";
import type { Provider } from "../../../autodiff/provider.ts";
import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type AxisWindow, padsOf } from "../../../onnx/operators/window.ts";
import { floatTensor } from "../../../onnx/tensor.ts";
import { emitImageRms } from "../image-rms.ts";

/** Levels of the Laplacian pyramid below the residue, as in the notebook deepDreamImage cites. */
const LAPLACIAN_LEVELS = 4;

/** Keeps a level that is zero everywhere zero, instead of dividing by zero. */
const SMALLEST_RMS = 1e-10;

/** Planes that one kernel takes, the most that divide an image's. */
const FEW_PLANES = [4, 3, 2, 1];

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
  const [n = 1, planes = 1, ...size] = graph.shapeOf(gradient);
  // a kernel of many planes is zeros almost everywhere: they go a few at a time, as further images
  const few = FEW_PLANES.find((count) => planes % count === 0)!;
  const weight = binomialKernel(few, 4);
  const expand = (image: Value, windows: readonly AxisWindow[]) =>
    forms.convAdjoint(image, { windows, group: 1, weight });
  const normalised = (band: Value) => {
    const shape = graph.shapeOf(band);
    const images = reshapeTo(graph, band, [n, planes, ...shape.slice(2)]);
    return reshapeTo(graph, normalise(graph, images), shape);
  };

  let low = reshapeTo(graph, gradient, [(n * planes) / few, few, ...size]);
  const bands: { readonly high: Value; readonly windows: readonly AxisWindow[] }[] = [];
  for (let level = 0; level < levels; level++) {
    const windows = graph.shapeOf(low).slice(2).map(samePadding);
    const lower = reduce(graph, low, windows);
    const high = graph.emit("Sub", [low, expand(lower, windows)]);
    bands.push({ high: normalised(high), windows });
    low = lower;
  }
  const merged = bands.reduceRight(
    (coarse, { high, windows }) => graph.emit("Add", [expand(coarse, windows), high]),
    normalised(low),
  );
  return reshapeTo(graph, merged, [n, planes, ...size]);
}

function normalise(graph: GraphBuilder, images: Value): Value {
  const rms = graph.emit("Max", [emitImageRms(graph, images, 1), graph.scalar(SMALLEST_RMS)]);
  return graph.emit("Div", [images, rms]);
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

/** [N, planes, H, W] to [N, planes, ceil(H / 2), ceil(W / 2)]. */
function reduce(graph: GraphBuilder, image: Value, windows: readonly AxisWindow[]): Value {
  const weight = graph.constant(binomialKernel(graph.shapeOf(image)[1]!, 1));
  return graph.emit("Conv", [image, weight], {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    pads: padsOf(windows),
  });
}

/** [planes, planes, 5, 5]: `gain` times K from each plane to itself, zeros to the others. */
function binomialKernel(planes: number, gain: number) {
  const kernel = BINOMIAL.flatMap((a) => BINOMIAL.map((b) => (gain * a * b) / 256));
  const ofPlanes = Array.from({ length: planes ** 2 }, (_, i) =>
    i % (planes + 1) === 0 ? kernel : kernel.map(() => 0),
  );
  return floatTensor([planes, planes, BINOMIAL.length, BINOMIAL.length], ofPlanes.flat());
}
