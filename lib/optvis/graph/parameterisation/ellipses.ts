import { slice, zeros } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../../onnx/model.ts";
import { intScalar } from "../../../onnx/tensor.ts";
import {
  type EllipseImage,
  type Ellipses,
  ellipseParameters,
  ellipseParameterShape,
  HARDNESS,
} from "./ellipse-parameters.ts";
import type { Painter } from "./painting.ts";

/**
 * The parameters are places, shapes and colours of translucent ellipses, see
 * ellipse-parameters.ts. Each covers what is behind it:
 *
 *     cover_k = opacity_k sigmoid(hardness (1 - distance_k^2))
 *     image = sum over k of colour_k cover_k prod over j > k of (1 - cover_j)
 *
 * with the ground as k = 0, which covers all. What is left of what lies behind ellipse k are products
 * that running sums of logarithms make at once, E_k = prod over j >= k of (1 - cover_j), and the
 * image is linear in them.
 *
 * Source of the idea that an ascent may change whatever an image is made of: Mordvintsev, Pezzotti,
 * Schubert and Olah, "Differentiable Image Parameterizations", Distill 2018.
 */
export function ellipsePainter(canvas: EllipseImage): Painter<Ellipses> {
  return { make: ellipseParameters(canvas), paint };
}

/**
 * What an image's ellipses are. Input `parameters` [1, ...ellipseParameterShape]; outputs `across`,
 * `along`, `opacity` and `colours`, as of `Ellipses`.
 */
export function ellipsesGraph(canvas: EllipseImage): Graph {
  const graph = new GraphBuilder();
  const shape = [1, ...ellipseParameterShape(canvas)];
  const parameters = graph.input("parameters", "float32", shape);
  const { made } = ellipseParameters(canvas)(graph, parameters);
  return graph.build("ellipses", Object.entries(made));
}

/**
 * Ellipses at given points.
 *
 * @param grid [3, P]: X, Y and 1 of each point
 * @returns the planes at the points, [N, planes, P], and cotangents of the ellipses from theirs
 */
function paint(graph: GraphBuilder, { across, along, opacity, colours }: Ellipses, grid: Value) {
  const [, count = 1] = graph.shapeOf(across);
  const matMul = (a: Value, b: Value) => graph.emit("MatMul", [a, b]);
  const { add, sub, mul, div } = arithmetic(graph);
  const turned = (value: Value) => graph.emit("Transpose", [value], { perm: [0, 2, 1] });
  const joined = (parts: readonly Value[]) => graph.emit("Concat", parts, { axis: 2 });
  const axis = graph.constant(intScalar(1));
  const summed = (value: Value, from: { readonly reverse: 0 | 1 }) =>
    graph.emit("CumSum", [value, axis], from);

  const [u, v] = [matMul(across, grid), matMul(along, grid)];
  const distance = add(mul(u, u), mul(v, v));
  const edge = graph.emit("Sigmoid", [sub(HARDNESS, distance)]);
  const cover = mul(edge, opacity);
  const clear = sub(1, cover);
  const logs = graph.emit("Log", [clear]);
  // E_k, [N, K, P], from those in front of it
  const left = graph.emit("Exp", [summed(logs, { reverse: 1 })]);
  // where E_k is larger, more shows of the colour behind ellipse k, and less of its own
  const coloursOf = (start: number, end: number) => slice(graph, colours, { axis: 2, start, end });
  const change = sub(coloursOf(0, count), coloursOf(1, count + 1));
  const foremost = coloursOf(count, count + 1);
  const image = add(matMul(change, left), foremost);

  const pullback = (cotangent: Value): Ellipses => {
    const ofLogs = mul(matMul(turned(change), cotangent), left);
    const behind = summed(ofLogs, { reverse: 0 });
    // what an ellipse takes off when it covers more
    const off = div(behind, clear);
    const ofForemost = graph.emit("ReduceSum", [cotangent, graph.ints([2])], { keepdims: 1 });
    const ofChange = turned(matMul(left, turned(cotangent)));
    // a colour is in its own change, and with the other sign in that of what lies behind it
    const ofOwn = joined([ofChange, ofForemost]);
    const ofColours = sub(ofOwn, joined([zeros(graph, graph.shapeOf(ofForemost)), ofChange]));
    const slope = mul(mul(off, cover), sub(1, edge));
    // of the squares in the distance
    const twice = mul(2, graph.emit("Transpose", [grid], { perm: [1, 0] }));
    const ofOpacity = graph.emit("ReduceSum", [mul(off, edge), graph.ints([2])], {
      keepdims: 1,
    });
    return {
      across: matMul(mul(slope, u), twice),
      along: matMul(mul(slope, v), twice),
      opacity: graph.emit("Neg", [ofOpacity]),
      colours: ofColours,
    };
  };
  return { image, pullback };
}
