import type { Value } from "../../onnx/model.ts";
import { describeNode, intAttribute } from "../../onnx/node.ts";
import { parsePool, withStatedPads } from "../../onnx/operators/pool.ts";
import { type AxisWindow, withOverhang } from "../../onnx/operators/window.ts";
import { floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { movement } from "../forward.ts";
import { padByConcat } from "../padding.ts";
import type { VjpRule, VjpContext } from "../rule.ts";

/**
 * Average pooling: Y[i] = sum of X over window i, divided by count[i].
 *
 *     dX[j] = sum over the windows i that hold j of  dY[i] / count[i]
 *
 * X: [N, C, ...]. count[i] is the window's size, less the padding in it unless `count_include_pad`;
 * pixels that ceil_mode adds beyond the padding never count.
 *
 * Forms: one window over everything, dY / count spread out; stride 1, another average pool, since
 * a box filter is its own adjoint; else a depthwise ConvTranspose of ones.
 *
 * Source: ONNX operator AveragePool-11.
 */
export const averagePoolVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const { windows } = parsePool(node, facts);
  if (windows.some(({ dilation }) => dilation !== 1)) {
    throw new UnsupportedGradientError(node, "its window is dilated", "use dilations of 1");
  }
  const includesPad = intAttribute(node, "count_include_pad", 0) === 1;
  const y = graph.emit("AveragePool", [input(0)], withStatedPads(node, { windows }));
  return movement(context, (dY) => spread(context, dY, { windows, includesPad }), y);
};

interface Geometry {
  readonly windows: readonly AxisWindow[];
  readonly includesPad: boolean;
}

function spread(context: VjpContext, dY: Value, { windows, includesPad }: Geometry): Value {
  const { graph, node, forms } = context;
  const shape = graph.shapeOf(context.input(0));
  const channels = shape[1]!;
  graph.reserve(sizeOf(windows.map(({ output }) => output)), describeNode(node));
  const counts = countPlane(windows, includesPad);
  const perCount = (factor: number) => {
    const isUniform = counts.every((count) => count === counts[0]);
    const scale = isUniform
      ? floatTensor([], [factor / counts[0]!])
      : floatTensor(
          [1, 1, ...windows.map(({ output }) => output)],
          counts.map((c) => factor / c),
        );
    return graph.emit("Mul", [dY, graph.constant(scale)]);
  };

  const isGlobal = windows.every(
    ({ output, kernel, padBegin, input }) => output === 1 && kernel - padBegin >= input,
  );
  if (isGlobal) return graph.emit("Expand", [perCount(1), graph.ints(shape)]);

  const kernel = windows.map((window) => window.kernel);
  const size = sizeOf(kernel);
  if (windows.every(({ stride }) => stride === 1)) {
    const begins = windows.map(({ kernel: length, padBegin }) => length - 1 - padBegin);
    const ends = windows.map(({ kernel: length, padEnd }) => length - 1 - padEnd);
    const attributes = { kernel_shape: kernel, count_include_pad: 1 };
    const counted = perCount(size);
    if (graph.makerOf(dY)?.op !== "Pad") {
      return graph.emit("AveragePool", [counted], { ...attributes, pads: [...begins, ...ends] });
    }
    // ONNX Runtime adds a Pad's zeros to the pool's own, which must be less than its window
    const around = { begins: [0, 0, ...begins], ends: [0, 0, ...ends] };
    return graph.emit("AveragePool", [padByConcat(graph, counted, around, 0)], attributes);
  }
  graph.reserve(channels * size, describeNode(node));
  const ones = new Float32Array(channels * size).fill(1);
  const weight = floatTensor([channels, 1, ...kernel], ones);
  const convolution = { windows: windows.map(withOverhang), group: channels, weight };
  return forms.convAdjoint(perCount(1), convolution);
}

/** How many pixels each window averages, row-major over the output's spatial axes. */
function countPlane(windows: readonly AxisWindow[], includesPad: boolean): number[] {
  const perAxis = windows.map(({ kernel, stride, padBegin, padEnd, input, output }) =>
    Array.from({ length: output }, (_, i) => {
      const begin = i * stride - padBegin;
      const end = Math.min(begin + kernel, input + padEnd);
      return includesPad ? end - begin : Math.min(end, input) - Math.max(begin, 0);
    }),
  );
  return perAxis.reduce((plane, axis) => plane.flatMap((a) => axis.map((b) => a * b)), [1]);
}
