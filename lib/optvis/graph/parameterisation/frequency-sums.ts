import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, type FloatTensor, transpose } from "../../../onnx/tensor.ts";
import { coefficientShape, type KeptAxis, type SpectrumLayout } from "./spectrum-layout.ts";

/**
 * The inverse Fourier sum of a real image, and its adjoint, as MatMuls with constant matrices.
 *
 *     z[y, x] = sum over kx and ky:  w(ky) Re(c[ky, kx] e^(2 pi i (ky y / H + kx x / W)))
 *
 * w is 1 for ky = 0 and ky = H/2, and 2 for all others, which stand for their mirror images too:
 * H W times irfft2, with the half axis down. Along each axis of length a b the sum is taken in two
 * steps, as Cooley and Tukey do ("An Algorithm for the Machine Calculation of Complex Fourier
 * Series", 1965): with k = first + k1 b + k2 and place n = n1 + a n2,
 *
 *     e^(2 pi i k n / (a b)) = e^(2 pi i k n1 / (a b)) e^(2 pi i (first + k2) n2 / b)
 *
 * so first over k1 within each k2, then over k2: a + b products for each value instead of a b. The
 * order in memory is such that both steps take and leave whole rows; only from one axis to the
 * other the values must be moved.
 */
export interface FrequencySums {
  /** [N, ...coefficientShape] => [N, planes, H, W] */
  readonly forward: (graph: GraphBuilder, coefficients: Value) => Value;
  /** [N, planes, H, W] => [N, ...coefficientShape]; <v, F c> = <F^T v, c>. */
  readonly adjoint: (graph: GraphBuilder, image: Value) => Value;
}

export function frequencySums(layout: SpectrumLayout): FrequencySums {
  const { size, planes, across, down } = layout;
  const { height, width } = size;
  const [a, b] = [across.members, across.groups];
  const [d, e] = [down.members, down.groups];
  const row = planes * e * down.perGroup;
  const line = planes * width;
  const matrices = {
    withinAcross: withinGroups(across, () => 1),
    overAcross: overGroups(across, "complex"),
    withinDown: withinGroups(down, (ky) => (ky === 0 || 2 * ky === height ? 1 : 2)),
    overDown: overGroups(down, "real"),
  };
  const transposed = {
    withinAcross: transpose(matrices.withinAcross),
    overAcross: transpose(matrices.overAcross),
    withinDown: transpose(matrices.withinDown),
    overDown: transpose(matrices.overDown),
  };
  const times = (graph: GraphBuilder, matrix: FloatTensor, value: Value) =>
    graph.emit("MatMul", [graph.constant(matrix), value]);

  return {
    forward: (graph, coefficients) => {
      const [n = 1] = graph.shapeOf(coefficients);
      const rows = reshapeTo(graph, coefficients, [n, b, 2 * across.perGroup, row]);
      const within = times(graph, matrices.withinAcross, rows);
      const grouped = reshapeTo(graph, within, [n, 2 * b, a * row]);
      const complex = times(graph, matrices.overAcross, grouped);
      const columns = reshapeTo(graph, complex, [n, 2, width, row]);
      const turned = graph.emit("Transpose", [columns], { perm: [0, 1, 3, 2] });
      const parted = reshapeTo(graph, turned, [n, 2, e, down.perGroup * line]);
      const gathered = graph.emit("Transpose", [parted], { perm: [0, 2, 1, 3] });
      const lines = reshapeTo(graph, gathered, [n, e, 2 * down.perGroup, line]);
      const withinDown = times(graph, matrices.withinDown, lines);
      const groupedDown = reshapeTo(graph, withinDown, [n, 2 * e, d * line]);
      const interleaved = times(graph, matrices.overDown, groupedDown);
      const byLine = reshapeTo(graph, interleaved, [n, height, planes, width]);
      return graph.emit("Transpose", [byLine], { perm: [0, 2, 1, 3] });
    },
    adjoint: (graph, image) => {
      const [n = 1] = graph.shapeOf(image);
      const byLine = graph.emit("Transpose", [image], { perm: [0, 2, 1, 3] });
      const groupedDown = reshapeTo(graph, byLine, [n, e, d * line]);
      const overDown = times(graph, transposed.overDown, groupedDown);
      const withinDown = reshapeTo(graph, overDown, [n, e, 2 * d, line]);
      const lines = times(graph, transposed.withinDown, withinDown);
      const gathered = reshapeTo(graph, lines, [n, e, 2, down.perGroup * line]);
      const parted = graph.emit("Transpose", [gathered], { perm: [0, 2, 1, 3] });
      const turned = reshapeTo(graph, parted, [n, 2, row, width]);
      const columns = graph.emit("Transpose", [turned], { perm: [0, 1, 3, 2] });
      const complex = reshapeTo(graph, columns, [n, 2 * b, a * row]);
      const overAcross = times(graph, transposed.overAcross, complex);
      const grouped = reshapeTo(graph, overAcross, [n, b, 2 * a, row]);
      const rows = times(graph, transposed.withinAcross, grouped);
      return reshapeTo(graph, rows, [n, ...coefficientShape(layout)]);
    },
  };
}

/**
 * First step, one matrix for each k2: [groups, (part, n1), (part, k1)], the rotation by
 * k n1 / (a b) turns times `weight`; zero where a group has no such frequency.
 */
function withinGroups(
  { length, groups, members, first, count, perGroup }: KeptAxis,
  weight: (frequency: number) => number,
): FloatTensor {
  const columns = 2 * perGroup;
  const data = new Float32Array(groups * 2 * members * columns);
  for (let k2 = 0; k2 < groups; k2++) {
    const matrix = data.subarray(k2 * 2 * members * columns, (k2 + 1) * 2 * members * columns);
    for (let n1 = 0; n1 < members; n1++) {
      for (let k1 = 0; k1 * groups + k2 < count; k1++) {
        const frequency = first + k1 * groups + k2;
        const { cos, sin } = turn(frequency * n1, length);
        const w = weight(frequency);
        const [real, imaginary] = [n1 * columns, (members + n1) * columns];
        matrix[real + k1] = w * cos;
        matrix[real + perGroup + k1] = -w * sin;
        matrix[imaginary + k1] = w * sin;
        matrix[imaginary + perGroup + k1] = w * cos;
      }
    }
  }
  return floatTensor([groups, 2 * members, columns], data);
}

/**
 * Second step: the rotation by (first + k2) n2 / b turns, [(part, n2), (k2, part)]; or its real
 * part alone, [n2, (k2, part)].
 */
function overGroups({ groups, first }: KeptAxis, result: "complex" | "real"): FloatTensor {
  const rows = result === "complex" ? 2 * groups : groups;
  const data = new Float32Array(rows * 2 * groups);
  for (let n2 = 0; n2 < groups; n2++) {
    for (let k2 = 0; k2 < groups; k2++) {
      const { cos, sin } = turn((first + k2) * n2, groups);
      const real = n2 * 2 * groups + 2 * k2;
      data[real] = cos;
      data[real + 1] = -sin;
      if (result === "real") continue;
      const imaginary = (groups + n2) * 2 * groups + 2 * k2;
      data[imaginary] = sin;
      data[imaginary + 1] = cos;
    }
  }
  return floatTensor([rows, 2 * groups], data);
}

/**
 * Cosine and sine of `numerator / denominator` turns, exact at quarter turns. A coefficient without
 * any effect on the image then has a gradient of exactly zero: of a rounding error Adam, which
 * divides by the gradient's size, would make a full step.
 */
function turn(numerator: number, denominator: number) {
  const rest = ((numerator % denominator) + denominator) % denominator;
  const quarters = (4 * rest) / denominator;
  if (Number.isInteger(quarters)) {
    return { cos: [1, 0, -1, 0][quarters]!, sin: [0, 1, 0, -1][quarters]! };
  }
  const angle = (2 * Math.PI * rest) / denominator;
  return { cos: Math.cos(angle), sin: Math.sin(angle) };
}
