import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { Grid, Lattice } from "./pool/lattice.ts";

/**
 * Pixels of a grid, times a factor: a depthwise convolution whose kernels have one number.
 *
 *     out[n, c, i, j] = factor * value[n, c, rows(i), columns(j)]; a pixel outside counts as 0
 *
 * On the CPU it stays in ONNX Runtime's blocked layout (NCHWc), where Slice and Mul with a constant
 * would leave it. Its cost grows with the kernel, which is as small as the grid allows.
 *
 * @param value [N, C, H, W]
 */
export function oneHotConv(graph: GraphBuilder, value: Value, grid: Grid, factor = 1): Value {
  const [, channels = 1, height = 1, width = 1] = graph.shapeOf(value);
  const [rows, columns] = [kernelOf(grid[0], height), kernelOf(grid[1], width)];
  const taps = rows.size * columns.size;
  graph.reserve(channels * taps, "the gradient of a max pool");
  const weight = new Float32Array(channels * taps);
  const hot = rows.at * columns.size + columns.at;
  for (let c = 0; c < channels; c++) weight[c * taps + hot] = factor;
  const shape = [channels, 1, rows.size, columns.size];
  return graph.emit("Conv", [value, graph.constant(floatTensor(shape, weight))], {
    kernel_shape: [rows.size, columns.size],
    strides: grid.map(({ stride }) => stride),
    pads: [rows.begin, columns.begin, rows.end, columns.end],
    group: channels,
  });
}

/**
 * The smallest kernel, and the padding, with which a convolution reads just the lattice's cells.
 */
function kernelOf({ offset, stride, length }: Lattice, input: number) {
  const begin = Math.max(-offset, 0);
  const at = Math.max(offset, 0);
  // a longer kernel where the input goes on beyond the last cell
  const size = Math.max(at, input + begin - length * stride) + 1;
  const end = Math.max(0, (length - 1) * stride + size - input - begin);
  return { at, size, begin, end };
}
