import { type Convolution, parseConv } from "../../onnx/operators/convolution.ts";
import type { Value } from "../../onnx/model.ts";
import { padsOf } from "../../onnx/operators/window.ts";
import { oneOutput } from "../forward.ts";
import { crop } from "../padding.ts";
import type { VjpContext, VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Convolution: Y = Conv(X, W) + B.
 *
 *     dX = dY correlated with W reversed, spread by the stride
 *     dW = X correlated with dY, spread by the stride;   dB = sum of dY over images and places
 *
 * X: [N, Ci, ...], W: [Co, Ci / group, ...], Y: [N, Co, ...]; any number of spatial axes, groups,
 * strides, dilations and pads. W and B may be made of the image, as in dynamic convolutions.
 *
 * Source: ONNX operator Conv-11.
 */
export const convVjp: VjpRule = (context) => {
  const { graph, node, inputs, input, facts, forms } = context;
  const convolution = parseConv(node, facts);
  const { windows, group } = convolution;
  // padding in numbers: ONNX Runtime does not take auto_pad SAME together with dilations
  const padding = { auto_pad: "NOTSET", pads: padsOf(windows) };
  const y =
    forms.conv(inputs, convolution) ??
    graph.emit("Conv", inputs, { ...node.attributes, ...padding });
  const weight = input(1);
  return oneOutput(context, y, (dY) => [
    () => forms.convAdjoint(dY, { windows, group, weight }),
    () => weightAdjoint(context, dY, convolution),
    () => {
      const others = [...graph.shapeOf(dY).keys()].filter((axis) => axis !== 1);
      return graph.emit("ReduceSum", [dY, graph.ints(others)], { keepdims: 0 });
    },
  ]);
};

/**
 * dW as a convolution in which images are channels, and channels images: each filter's dY is the
 * kernel, stride and dilation change places.
 */
function weightAdjoint({ graph, input }: VjpContext, dY: Value, convolution: Convolution): Value {
  const { windows, group } = convolution;
  const [n, ci, ...places] = graph.shapeOf(input(0)) as [number, number, ...number[]];
  const wShape = graph.shapeOf(input(1));
  const spatial = windows.map((_, i) => 2 + i);
  const grouped = reshapeTo(graph, input(0), [n, group, ci / group, ...places]);
  const perm = [2, 1, 0, ...spatial.map((axis) => axis + 1)];
  const swapped = graph.emit("Transpose", [grouped], { perm });
  const x = reshapeTo(graph, swapped, [ci / group, group * n, ...places]);
  const swap = [1, 0, ...spatial];
  const kernel = graph.emit("Transpose", [dY], { perm: swap });
  const dW = graph.emit("Conv", [x, kernel], {
    group,
    strides: windows.map(({ dilation }) => dilation),
    dilations: windows.map(({ stride }) => stride),
    pads: padsOf(windows),
  });
  // pixels behind the last window make more taps than the kernel has
  const surplus = graph.shapeOf(dW).map((taps, axis) => (axis < 2 ? 0 : taps - wShape[axis]!));
  const taps = crop(graph, dW, { begins: surplus.map(() => 0), ends: surplus });
  return graph.emit("Transpose", [taps], { perm: swap });
}
