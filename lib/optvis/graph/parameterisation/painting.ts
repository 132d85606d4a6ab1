import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { resizeBilinear } from "../../../image/resize.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, type FloatTensor, intScalar, transpose } from "../../../onnx/tensor.ts";
import { emitLoop } from "../loop.ts";
import type { Parameterisation } from "../parts.ts";

/** An image that can be painted in any number of pixels, as it has a colour at every point. */
export interface PaintedImage {
  readonly size: Size;
  /** Pixels of the painting that is kept of it, if they are other ones. @default `size` */
  readonly paintedSize?: Size;
  /** Factor of the two colour differences; 1 is that of photographs. */
  readonly saturation: number;
  /**
   * Which of red (0), green (1) and blue (2) each of the network's planes is; `null`: no colour.
   */
  readonly planes: readonly (number | null)[];
}

/** Values by their names. */
type Values<Made> = Readonly<Record<keyof Made, Value>>;

/** What paints an image at given points, of values that are made of its parameters once. */
export interface Painter<Made extends Values<Made>> {
  readonly make: (
    graph: GraphBuilder,
    parameters: Value,
  ) => { readonly made: Made; readonly pullback: (cotangent: Made) => Value };
  /**
   * @param grid [3, P]: X, Y and 1 of each point, in half the canvas's shorter side from its centre
   * @returns the planes at the points, [N, planes, P], and cotangents of what was made from theirs
   */
  readonly paint: (
    graph: GraphBuilder,
    made: Made,
    grid: Value,
  ) => { readonly image: Value; readonly pullback: (cotangent: Value) => Made };
}

/** Pixels of the longer side that an ascent draws, to be enlarged to its canvas: edges are soft. */
const DRAWN_SIDE = 112;

/** What an iteration draws: small, and enlarged to the canvas. */
export function painted<Made extends Values<Made>>(
  { size, planes }: PaintedImage,
  { make, paint }: Painter<Made>,
): Parameterisation {
  const drawn = drawnSize(size);
  const grid = pointsOf(size, drawn);
  const enlarge = enlargement(drawn, size);
  return (graph, parameters) => {
    const { made, pullback } = make(graph, parameters);
    const small = paint(graph, made, graph.constant(grid));
    const [n = 1] = graph.shapeOf(parameters);
    const shape = [n, planes.length, drawn.height, drawn.width];
    return {
      image: enlarge.forward(graph, reshapeTo(graph, small.image, shape)),
      pullback: (cotangent) => {
        const before = enlarge.adjoint(graph, cotangent);
        const flat = [n, planes.length, drawn.height * drawn.width];
        return pullback(small.pullback(reshapeTo(graph, before, flat)));
      },
    };
  };
}

/**
 * The painting that is kept of a canvas, row by row, since all of a large one at once would not fit
 * into memory.
 *
 * @param parameters [N, ...]. @returns [N, planes, H, W] of its `paintedSize`
 */
export function emitPainting<Made extends Values<Made>>(
  graph: GraphBuilder,
  { size, paintedSize = size, planes }: PaintedImage,
  { make, paint }: Painter<Made>,
  parameters: Value,
): Value {
  const { height, width } = paintedSize;
  const [n = 1] = graph.shapeOf(parameters);
  const { made } = make(graph, parameters);
  // in the middle, where Y is 0
  const row = graph.constant(pointsOf(size, { height: 1, width }));
  const down = graph.constant(rowsOf(size, height));
  const isY = graph.constant(floatTensor([3, 1], [0, 1, 0]));
  const { scans } = emitLoop(graph, {
    prefix: "row_",
    iterations: graph.constant(intScalar(height)),
    carried: [],
    outer: [...Object.values<Value>(made), row, down, isY],
    body: (body, iteration) => {
      const y = body.emit("Gather", [down, iteration]);
      const grid = body.emit("Add", [row, body.emit("Mul", [isY, y])]);
      return { carried: [], scanned: [paint(body, made, grid).image] };
    },
  });
  const facts = { type: "float32", shape: [n, planes.length, height, width] } as const;
  return graph.emitAs(facts, "Transpose", [scans[0]], { perm: [1, 2, 0, 3] });
}

function matrix(rows: number, columns: number, of: (i: number, j: number) => number): FloatTensor {
  const data = Array.from({ length: rows * columns }, (_, at) =>
    of(Math.floor(at / columns), at % columns),
  );
  return floatTensor([rows, columns], data);
}

/** What an image is painted in; neither: in waves. */
export interface PaintedIn {
  readonly ellipses?: number | undefined;
  readonly cppnLayers?: number | undefined;
}

export function isPaintedIn({ ellipses = 0, cppnLayers = 0 }: PaintedIn): boolean {
  return ellipses + cppnLayers > 0;
}

/** For each pixel there and back, measured with 16 to 512 ellipses, and 2 to 16 layers of a CPPN. */
const [HELD_BY_ELLIPSE, HELD_BY_LAYER] = [17, 260];

/** How many numbers an iteration holds at once of the painting of one image. */
export function numbersHeld(canvas: Size, { ellipses = 0, cppnLayers = 0 }: PaintedIn): number {
  const { height, width } = drawnSize(canvas);
  return (HELD_BY_ELLIPSE * ellipses + HELD_BY_LAYER * cppnLayers) * height * width;
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
function pointsOf(size: Size, drawn: Size): FloatTensor {
  const unit = Math.min(size.height, size.width);
  const across = centres(size.width, drawn.width, unit);
  const down = centres(size.height, drawn.height, unit);
  const points = down.flatMap((y) => across.map((x) => [x, y, 1]));
  return matrix(3, points.length, (i, j) => points[j]![i]!);
}

/** [rows]: Y of each, of so many that the canvas is painted in. */
function rowsOf({ height, width }: Size, rows: number): FloatTensor {
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
      isSame ? value : between(graph, down, value, transpose(across)),
    adjoint: (graph: GraphBuilder, value: Value) =>
      isSame ? value : between(graph, transpose(down), value, across),
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
