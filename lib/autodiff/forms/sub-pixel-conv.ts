import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { AxisWindow } from "../../onnx/operators/window.ts";
import { type FloatTensor, lateFloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { crop } from "../padding.ts";
import { addedUp } from "../shaping.ts";
import type { ConvAdjoint } from "./forms.ts";
import type { Phases } from "./pool/separable.ts";
import { constantWeight } from "./weight.ts";

/**
 * Data gradient of a strided 2-D convolution as a sub-pixel convolution: stride-1 convolutions that
 * compute the S x S pixels of each output cell as channels, then DepthToSpace.
 *
 *     dX[ci, S i + r] = sum over co, t, d of  dY_t[co, i + d] W[co, ci, r + p - s (t + P d)]
 *
 * dY_t[i] = dY[P i + t] are dY's phases: one where dY is whole (P = 1), or those of the pool with
 * stride P that follows the convolution, which then need not be woven together. S = s P.
 *
 * dY: [N, Co, OH, OW]; W: [Co, Ci, kh, kw]. Returns [N, Ci, H, W], or null where the form does not
 * apply (a weight that is not constant, groups, dilations, unequal strides, stride 1, other than
 * two spatial axes).
 *
 * On CUDA this stays on the card whatever the pads. Source: Shi et al., "Real-Time Single Image and
 * Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.
 */
export function subPixelConv(
  graph: GraphBuilder,
  phases: Phases,
  { windows, group, weight }: ConvAdjoint,
): Value | null {
  const taps = constantWeight(graph, weight);
  const [vertical, horizontal] = windows;
  if (!taps || !vertical || !horizontal || windows.length !== 2 || group !== 1) return null;
  if (windows.some(({ dilation, stride }) => dilation !== 1 || stride === 1)) return null;
  const blocksize = vertical.stride * phases.length;
  if (horizontal.stride * phases[0]!.length !== blocksize) return null;

  const cells = windows.map(({ input }) => Math.ceil(input / blocksize));
  const parts: Value[] = [];
  for (const [row, values] of phases.entries()) {
    for (const [column, value] of values.entries()) {
      const lengths = graph.shapeOf(value).slice(2);
      const axes = [
        reachOf({ window: vertical, count: phases.length, phase: row }, lengths[0]!, cells[0]!),
        reachOf(
          { window: horizontal, count: values.length, phase: column },
          lengths[1]!,
          cells[1]!,
        ),
      ] as const;
      const size = blocksize ** 2 * axes[0].size * axes[1].size;
      graph.reserve(sizeOf(taps.shape.slice(0, 2)) * size, "the gradient of a strided convolution");
      const kernel = graph.constant(subPixelKernel(taps, axes, blocksize));
      const pads = [axes[0].begin, axes[1].begin, axes[0].end, axes[1].end];
      parts.push(graph.emit("Conv", [value, kernel], { pads }));
    }
  }
  const image = graph.emit("DepthToSpace", [addedUp(graph, parts)], { blocksize, mode: "CRD" });
  const surplus = windows.map(({ input }, axis) => cells[axis]! * blocksize - input);
  return crop(graph, image, { begins: [0, 0, 0, 0], ends: [0, 0, ...surplus] });
}

/** Numbers multiplied by `subPixelConv` for each that the convolution itself multiplies. */
export function subPixelWork(windows: readonly AxisWindow[], counts: readonly number[]): number {
  return windows.reduce((work, window, axis) => {
    const count = counts[axis]!;
    const blocksize = window.stride * count;
    const sizes = Array.from({ length: count }, (_, phase) => {
      const { first, last } = offsetsOf({ window, count, phase });
      return last - first + 1;
    });
    const sum = sizes.reduce((total, size) => total + size, 0);
    return (work * (sum * blocksize)) / (window.kernel * count);
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

/** [Ci * S * S, Co, reach, reach], channel order (ci, r, c) as DepthToSpace's CRD mode wants. */
function subPixelKernel(
  weight: FloatTensor,
  [rows, columns]: readonly [Reach, Reach],
  blocksize: number,
): FloatTensor {
  const [outputs = 1, inputs = 1, kh = 1, kw = 1] = weight.shape;
  const shape = [inputs * blocksize ** 2, outputs, rows.size, columns.size];
  return lateFloatTensor(shape, () => {
    const data = new Float32Array(sizeOf(shape));
    const [down, across] = [readsOf(rows), readsOf(columns)];
    for (let ci = 0; ci < inputs; ci++) {
      for (let co = 0; co < outputs; co++) {
        for (const { pixel: r, element: i, tap: ky } of down) {
          for (const { pixel: c, element: j, tap: kx } of across) {
            const channel = (ci * blocksize + r) * blocksize + c;
            const at = ((channel * outputs + co) * rows.size + i) * columns.size + j;
            data[at] = weight.data[((co * inputs + ci) * kh + ky) * kw + kx]!;
          }
        }
      }
    }
    return data;
  });
}

interface Read {
  /** Of a cell. */
  readonly pixel: number;
  /** Of the kernel. */
  readonly element: number;
  /** Of the convolution's weight. */
  readonly tap: number;
}

/** By which tap each pixel of a cell reads each element of the kernel; the others are zero. */
function readsOf({ window, count, phase, first, size }: Reach): readonly Read[] {
  const { kernel, stride, padBegin } = window;
  const reads: Read[] = [];
  for (let pixel = 0; pixel < stride * count; pixel++) {
    for (let element = 0; element < size; element++) {
      const tap = pixel + padBegin - stride * (phase + count * (first + element));
      if (tap >= 0 && tap < kernel) reads.push({ pixel, element, tap });
    }
  }
  return reads;
}
