import type { Size } from "../../../image/raster.ts";
import { resizeBilinear } from "../../../image/resize.ts";
import { reshapeTo, slice, zeros } from "../../../autodiff/shaping.ts";
import { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../../onnx/model.ts";
import { floatTensor, type FloatTensor, intScalar } from "../../../onnx/tensor.ts";
import { emitLoop } from "../loop.ts";
import type { Parameterisation } from "../parts.ts";
import {
  type EllipseImage,
  type Ellipses,
  ellipseParameters,
  ellipseParameterShape,
  HARDNESS,
} from "./ellipse-parameters.ts";

/** Pixels of the longer side that an ascent draws, to be enlarged to its canvas: edges are soft. */
const DRAWN_SIDE = 112;

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
export function ellipses(canvas: EllipseImage): Parameterisation {
  const { size } = canvas;
  const drawn = drawnSize(size);
  const grid = pointsOf(canvas, drawn);
  const enlarge = enlargement(drawn, size);
  return (graph, parameters) => {
    const made = ellipseParameters(canvas)(graph, parameters);
    const painted = paint(graph, made.ellipses, graph.constant(grid));
    const [n = 1] = graph.shapeOf(parameters);
    const planes = canvas.planes.length;
    const small = [n, planes, drawn.height, drawn.width];
    return {
      image: enlarge.forward(graph, reshapeTo(graph, painted.image, small)),
      pullback: (cotangent) => {
        const before = enlarge.adjoint(graph, cotangent);
        const flat = reshapeTo(graph, before, [n, planes, drawn.height * drawn.width]);
        return made.pullback(painted.pullback(flat));
      },
    };
  };
}

/**
 * The painting that is kept of a canvas, row by row, since of a large one all ellipses together
 * would not fit into memory.
 *
 * @param parameters [N, ...ellipseParameterShape]. @returns [N, planes, H, W] of its `paintedSize`
 */
export function ellipsePainting(
  graph: GraphBuilder,
  canvas: EllipseImage,
  parameters: Value,
): Value {
  const { height, width } = canvas.paintedSize ?? canvas.size;
  const [n = 1] = graph.shapeOf(parameters);
  const { ellipses: made } = ellipseParameters(canvas)(graph, parameters);
  // in the middle, where Y is 0
  const row = graph.constant(pointsOf(canvas, { height: 1, width }));
  const down = graph.constant(rowsOf(canvas, height));
  const isY = graph.constant(floatTensor([3, 1], [0, 1, 0]));
  const { scans } = emitLoop(graph, {
    prefix: "row_",
    iterations: graph.constant(intScalar(height)),
    carried: [],
    outer: [...Object.values(made), row, down, isY],
    body: (body, iteration) => {
      const y = body.emit("Gather", [down, iteration]);
      const grid = body.emit("Add", [row, body.emit("Mul", [isY, y])]);
      return { carried: [], scanned: [paint(body, made, grid).image] };
    },
  });
  const facts = { type: "float32", shape: [n, canvas.planes.length, height, width] } as const;
  return graph.emitAs(facts, "Transpose", [scans[0]], { perm: [1, 2, 0, 3] });
}

/**
 * What an image's ellipses are. Input `parameters` [1, ...ellipseParameterShape]; outputs `across`,
 * `along`, `opacity` and `colours`, as of `Ellipses`.
 */
export function ellipsesGraph(canvas: EllipseImage): Graph {
  const graph = new GraphBuilder();
  const shape = [1, ...ellipseParameterShape(canvas)];
  const parameters = graph.input("parameters", "float32", shape);
  const { ellipses: made } = ellipseParameters(canvas)(graph, parameters);
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
  const times = (a: Value, b: Value) => graph.emit("Mul", [a, b]);
  const minus = (a: Value, b: Value) => graph.emit("Sub", [a, b]);
  const turned = (value: Value) => graph.emit("Transpose", [value], { perm: [0, 2, 1] });
  const joined = (parts: readonly Value[]) => graph.emit("Concat", parts, { axis: 2 });
  const axis = graph.constant(intScalar(1));
  const summed = (value: Value, from: { readonly reverse: 0 | 1 }) =>
    graph.emit("CumSum", [value, axis], from);

  const [u, v] = [matMul(across, grid), matMul(along, grid)];
  const distance = graph.emit("Add", [times(u, u), times(v, v)]);
  const edge = graph.emit("Sigmoid", [minus(graph.scalar(HARDNESS), distance)]);
  const cover = times(edge, opacity);
  const clear = minus(graph.scalar(1), cover);
  const logs = graph.emit("Log", [clear]);
  // E_k, [N, K, P], from those in front of it
  const left = graph.emit("Exp", [summed(logs, { reverse: 1 })]);
  // where E_k is larger, more shows of the colour behind ellipse k, and less of its own
  const coloursOf = (start: number, end: number) => slice(graph, colours, { axis: 2, start, end });
  const change = minus(coloursOf(0, count), coloursOf(1, count + 1));
  const foremost = coloursOf(count, count + 1);
  const image = graph.emit("Add", [matMul(change, left), foremost]);

  const pullback = (cotangent: Value): Ellipses => {
    const ofLogs = times(matMul(turned(change), cotangent), left);
    const behind = summed(ofLogs, { reverse: 0 });
    // what an ellipse takes off when it covers more
    const off = graph.emit("Div", [behind, clear]);
    const ofForemost = graph.emit("ReduceSum", [cotangent, graph.ints([2])], { keepdims: 1 });
    const ofChange = turned(matMul(left, turned(cotangent)));
    // a colour is in its own change, and with the other sign in that of what lies behind it
    const ofOwn = joined([ofChange, ofForemost]);
    const ofColours = minus(ofOwn, joined([zeros(graph, graph.shapeOf(ofForemost)), ofChange]));
    const slope = times(times(off, cover), minus(graph.scalar(1), edge));
    // of the squares in the distance
    const twice = times(graph.scalar(2), graph.emit("Transpose", [grid], { perm: [1, 0] }));
    const ofOpacity = graph.emit("ReduceSum", [times(off, edge), graph.ints([2])], {
      keepdims: 1,
    });
    return {
      across: matMul(times(slope, u), twice),
      along: matMul(times(slope, v), twice),
      opacity: graph.emit("Neg", [ofOpacity]),
      colours: ofColours,
    };
  };
  return { image, pullback };
}

function transposed({ shape: [rows = 1, columns = 1], data }: FloatTensor): FloatTensor {
  return matrix(columns, rows, (i, j) => data[j * columns + i]!);
}

function matrix(rows: number, columns: number, of: (i: number, j: number) => number): FloatTensor {
  const data = Array.from({ length: rows * columns }, (_, at) =>
    of(Math.floor(at / columns), at % columns),
  );
  return floatTensor([rows, columns], data);
}

/** For each ellipse and pixel, there and back; measured with 16 to 512 ellipses. */
const HELD = 17;

/** How many numbers an iteration holds at once of the ellipses of one image. */
export function numbersHeld(canvas: Size, count: number): number {
  const { height, width } = drawnSize(canvas);
  return HELD * count * height * width;
}

/** What an iteration draws of a canvas, before it is enlarged. */
export function drawnSize({ height, width }: Size): Size {
  const factor = Math.min(1, DRAWN_SIDE / Math.max(height, width));
  const drawn = (side: number) => Math.max(1, Math.round(factor * side));
  return { height: drawn(height), width: drawn(width) };
}

/** Centres of pixels along a side of the canvas, in half its shorter side from its centre. */
function centres(side: number, pixels: number, unit: number): readonly number[] {
  return Array.from({ length: pixels }, (_, i) => ((2 * (i + 0.5)) / pixels - 1) * (side / unit));
}

/** [3, P]: X, Y and 1 of the pixels of a drawing of the canvas. */
function pointsOf({ size }: EllipseImage, drawn: Size): FloatTensor {
  const unit = Math.min(size.height, size.width);
  const across = centres(size.width, drawn.width, unit);
  const down = centres(size.height, drawn.height, unit);
  const points = down.flatMap((y) => across.map((x) => [x, y, 1]));
  return matrix(3, points.length, (i, j) => points[j]![i]!);
}

/** [rows]: Y of each, of so many that the canvas is painted in. */
function rowsOf({ size: { height, width } }: EllipseImage, rows: number): FloatTensor {
  return floatTensor([rows], centres(height, rows, Math.min(height, width)));
}

/** Bilinear enlargement as products with the weights of both axes. */
function enlargement(from: Size, to: Size) {
  const down = axisWeights(from.height, to.height);
  const across = axisWeights(from.width, to.width);
  const between = (graph: GraphBuilder, left: FloatTensor, value: Value, right: FloatTensor) =>
    graph.emit("MatMul", [
      graph.emit("MatMul", [graph.constant(left), value]),
      graph.constant(right),
    ]);
  const isSame = from.height === to.height && from.width === to.width;
  return {
    forward: (graph: GraphBuilder, value: Value) =>
      isSame ? value : between(graph, down, value, transposed(across)),
    adjoint: (graph: GraphBuilder, value: Value) =>
      isSame ? value : between(graph, transposed(down), value, across),
  };
}

/** [to, from]: what each of the pixels along an axis takes of those that it is enlarged from. */
function axisWeights(from: number, to: number): FloatTensor {
  const unit = matrix(from, from, (i, j) => (i === j ? 1 : 0));
  return floatTensor(
    [to, from],
    resizeBilinear(unit.data, [1, from, from], { height: to, width: from }),
  );
}
