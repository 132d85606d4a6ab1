import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { AxisWindow } from "../../onnx/operators/window.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { crop } from "../padding.ts";
import type { ConvAdjoint } from "./forms.ts";
import { constantWeight } from "./weight.ts";

/**
 * Data gradient of a strided 2-D convolution as a sub-pixel convolution: a stride-1 convolution
 * that computes the s x s pixels of each output cell as channels, then DepthToSpace.
 *
 *     dX[ci, s i + r] = sum over co, d of  dY[co, i + d] W[co, ci, r + p - s d]
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
  dY: Value,
  { windows, group, weight }: ConvAdjoint,
): Value | null {
  const taps = constantWeight(graph, weight);
  const [vertical, horizontal] = windows;
  if (!taps || !vertical || !horizontal || windows.length !== 2 || group !== 1) return null;
  const stride = vertical.stride;
  if (stride === 1 || horizontal.stride !== stride) return null;
  if (windows.some(({ dilation }) => dilation !== 1)) return null;

  const reaches = windows.map(reachOf);
  const cells = windows.map(({ input }) => Math.ceil(input / stride));
  const [rows, columns] = reaches.map(({ first, last }) => last - first + 1);
  const channels = sizeOf(taps.shape.slice(0, 2));
  graph.reserve(channels * stride ** 2 * rows! * columns!, "the gradient of a strided convolution");
  const kernel = graph.constant(subPixelKernel(taps, vertical, horizontal));
  const begins = reaches.map(({ first }) => -first);
  // the output has `cells` positions: output - kernel + 1 + begin + end
  const ends = windows.map(({ output }, axis) => cells[axis]! - output + reaches[axis]!.last);
  const pads = [...begins, ...ends];
  if (pads.some((pad) => pad < 0)) return null;

  const phases = graph.emit("Conv", [dY, kernel], { pads });
  const image = graph.emit("DepthToSpace", [phases], { blocksize: stride, mode: "CRD" });
  const surplus = windows.map(({ input }, axis) => cells[axis]! * stride - input);
  return crop(graph, image, { begins: [0, 0, 0, 0], ends: [0, 0, ...surplus] });
}

/**
 * First and last offset d of dY that some phase of a cell reads: taps r + p - s d inside 0..k-1.
 */
function reachOf({ kernel, stride, padBegin }: AxisWindow): { first: number; last: number } {
  return {
    first: Math.min(0, Math.ceil((padBegin - (kernel - 1)) / stride)),
    last: Math.max(0, Math.floor((stride - 1 + padBegin) / stride)),
  };
}

/** [Ci * s * s, Co, reach, reach], channel order (ci, r, c) as DepthToSpace's CRD mode wants. */
function subPixelKernel(
  weight: FloatTensor,
  vertical: AxisWindow,
  horizontal: AxisWindow,
): FloatTensor {
  const [outputs = 1, inputs = 1, kh = 1, kw = 1] = weight.shape;
  const stride = vertical.stride;
  const [rows, columns] = [reachOf(vertical), reachOf(horizontal)];
  const height = rows.last - rows.first + 1;
  const width = columns.last - columns.first + 1;
  const data = new Float32Array(inputs * stride * stride * outputs * height * width);
  let at = 0;
  for (let ci = 0; ci < inputs; ci++) {
    for (let r = 0; r < stride; r++) {
      for (let c = 0; c < stride; c++) {
        for (let co = 0; co < outputs; co++) {
          for (let dy = rows.first; dy <= rows.last; dy++) {
            const ky = r + vertical.padBegin - stride * dy;
            for (let dx = columns.first; dx <= columns.last; dx++, at++) {
              const kx = c + horizontal.padBegin - stride * dx;
              if (ky < 0 || ky >= kh || kx < 0 || kx >= kw) continue;
              data[at] = weight.data[((co * inputs + ci) * kh + ky) * kw + kx]!;
            }
          }
        }
      }
    }
  }
  return floatTensor([inputs * stride * stride, outputs, height, width], data);
}
