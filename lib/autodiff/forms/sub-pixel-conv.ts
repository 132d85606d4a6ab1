import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { AxisWindow } from "../../onnx/operators/window.ts";
import { type FloatTensor, lateFloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { crop } from "../padding.ts";
import { pixelShuffle } from "../pixel-shuffle.ts";
import { addedUp, reshapeTo } from "../shaping.ts";
import type { ConvAdjoint } from "./forms.ts";
import type { Phases } from "./pool/separable.ts";
import { constantWeight, emitTaps, NO_TAP, tableOfTaps } from "./weight.ts";

/**
 * Data gradient of a strided 2-D convolution as a sub-pixel convolution: stride-1 convolutions that
 * compute the S x S pixels of each output cell as channels, then the pixel shuffle.
 *
 *     dX[ci, S i + r] = sum over co, t, d of  dY_t[co, i + d] W[co, ci, r + p - s (t + P d)]
 *
 * dY_t[i] = dY[P i + t] are dY's phases: one where dY is whole (P = 1), or those of the pool with
 * stride P that follows the convolution, which then need not be woven together. S = s P.
 *
 * dY: [N, Co, OH, OW]; W: [Co, Ci, kh, kw]. Returns [N, Ci, H, W], or null where the form does not
 * apply (groups, dilations, unequal strides, stride 1, other than two spatial axes), or multiplies
 * more than `mostWork` numbers for each that the convolution itself multiplies.
 *
 * On CUDA this stays on the card whatever the pads. Source: Shi et al., "Real-Time Single Image and
 * Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.
 */
export function subPixelConv(
  graph: GraphBuilder,
  phases: Phases,
  { windows, group, weight }: ConvAdjoint,
  mostWork = Infinity,
): Value | null {
  const [vertical, horizontal] = windows;
  if (!vertical || !horizontal || windows.length !== 2 || group !== 1) return null;
  if (windows.some(({ dilation, stride }) => dilation !== 1 || stride === 1)) return null;
  const counts = [phases.length, phases[0]!.length] as const;
  const blocksize = vertical.stride * counts[0];
  if (horizontal.stride * counts[1] !== blocksize) return null;

  const cells = windows.map(({ input }) => Math.ceil(input / blocksize));
  const lengths = [
    phases.map(([value = ""]) => graph.shapeOf(value)[2]!),
    phases[0]!.map((value) => graph.shapeOf(value)[3]!),
  ];
  const [down = [], across = []] = windows.map((window, axis) =>
    lengths[axis]!.map((length, phase) =>
      reachOf({ window, count: counts[axis]!, phase }, length, cells[axis]!),
    ),
  );
  if (subPixelWork([down, across]) > mostWork) return null;

  const parts = phases.flatMap((values, row) =>
    values.map((value, column) => {
      const axes = [down[row]!, across[column]!] as const;
      const kernel = subPixelKernel(graph, weight, { axes, blocksize });
      const pads = [axes[0].begin, axes[1].begin, axes[0].end, axes[1].end];
      return graph.emit("Conv", [value, kernel], { pads });
    }),
  );
  const image = pixelShuffle(graph, addedUp(graph, parts), blocksize);
  const surplus = windows.map(({ input }, axis) => cells[axis]! * blocksize - input);
  return crop(graph, image, { begins: [0, 0, 0, 0], ends: [0, 0, ...surplus] });
}

/** Numbers that it multiplies for each that the convolution itself multiplies. */
function subPixelWork(axes: readonly (readonly Reach[])[]): number {
  return axes.reduce((work, reaches) => {
    const { kernel, stride } = reaches[0]!.window;
    const sum = reaches.reduce((total, { size }) => total + size, 0);
    return (work * sum * stride) / kernel;
  }, 1);
}

interface Phase {
  readonly window: AxisWindow;
  /** Phases that dY has along the axis. */
  readonly count: number;
  readonly phase: number;
}

/** What a kernel reads along an axis: its first offset, its length, and the padding. */
interface Reach extends Phase {
  readonly first: number;
  readonly size: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * First and last offset d of dY_t that some pixel of a cell reads: r + p - s (t + P d) in 0..k-1.
 */
function offsetsOf({ window, count, phase }: Phase): { first: number; last: number } {
  const { kernel, stride, padBegin } = window;
  const blocksize = stride * count;
  const shift = padBegin - stride * phase;
  return {
    first: Math.min(0, Math.ceil((shift - (kernel - 1)) / blocksize)),
    last: Math.max(0, Math.floor((blocksize - 1 + shift) / blocksize)),
  };
}

/** @param length of the phase @param cells that the image has along the axis */
function reachOf(axis: Phase, length: number, cells: number): Reach {
  const { first, last } = offsetsOf(axis);
  const begin = -first;
  // where dY goes on beyond what the last cell reads, a longer kernel reads it times zero
  const size = Math.max(last, length - cells) - first + 1;
  return { ...axis, first, size, begin, end: cells - length - begin + size - 1 };
}

interface Cells {
  readonly axes: readonly [Reach, Reach];
  readonly blocksize: number;
}

/**
 * [Ci * S * S, Co, reach, reach], channel order (ci, r, c) as the pixel shuffle wants: the weight's
 * taps at other places, with zeros between.
 */
function subPixelKernel(graph: GraphBuilder, weight: Value | FloatTensor, cells: Cells): Value {
  const constant = constantWeight(graph, weight);
  const [outputs = 1, inputs = 1, ...kernel] =
    typeof weight === "string" ? graph.shapeOf(weight) : weight.shape;
  const pixels = cells.blocksize ** 2;
  const reach = cells.axes.map(({ size }) => size);
  const shape = [inputs * pixels, outputs, ...reach];
  graph.reserve(sizeOf(shape), "the gradient of a strided convolution");
  if (constant === null) {
    const kernels = emitTaps(graph, weight as Value, tapsOf(cells, kernel));
    const byOutput = reshapeTo(graph, kernels, [outputs, inputs * pixels, ...reach]);
    return graph.emit("Transpose", [byOutput], { perm: [1, 0, 2, 3] });
  }
  const [elements, taps] = [sizeOf(reach), sizeOf(kernel)];
  const subPixel = lateFloatTensor(shape, () => {
    const data = new Float32Array(sizeOf(shape));
    for (const [place, tap] of tapsOf(cells, kernel).entries()) {
      if (tap === NO_TAP) continue;
      const [pixel, element] = [Math.floor(place / elements), place % elements];
      for (let ci = 0; ci < inputs; ci++) {
        for (let co = 0; co < outputs; co++) {
          const at = ((ci * pixels + pixel) * outputs + co) * elements + element;
          data[at] = constant.data[(co * inputs + ci) * taps + tap]!;
        }
      }
    }
    return data;
  });
  return graph.constant(subPixel);
}

/** Which tap each pixel (r, c) of a cell reads each element (i, j) of its kernel by. */
function tapsOf({ axes: [rows, columns], blocksize }: Cells, kernel: readonly number[]) {
  return tableOfTaps(
    [blocksize, blocksize, rows.size, columns.size],
    kernel,
    ([r = 0, c = 0, i = 0, j = 0]) => [tapOf(rows, r, i), tapOf(columns, c, j)],
  );
}

/** Along an axis; outside the convolution's kernel where there is none. */
function tapOf({ window, count, phase, first }: Reach, pixel: number, element: number): number {
  return pixel + window.padBegin - window.stride * (phase + count * (first + element));
}
