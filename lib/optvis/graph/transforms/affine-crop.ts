import type { Provider } from "../../../autodiff/provider.ts";
import { addedAt } from "../../../autodiff/gather-adjoint.ts";
import { reshapeTo, slice, zeros } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import { DataType } from "../../../onnx/element-type.ts";
import { type GraphBuilder, OPEN_AXIS } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, sizeOf } from "../../../onnx/tensor.ts";
import type { Transform } from "../parts.ts";
import { type Surround, type SurroundName, SURROUNDS } from "./surround.ts";

export interface AffineCrop {
  /** Of the image. */
  readonly canvasSize: Size;
  /** What the network sees. */
  readonly cropSize: Size;
  /** Added to every pixel of a plane, outside the canvas too: what zero in the image stands for. */
  readonly offsets: readonly number[];
  readonly surround: SurroundName;
  readonly provider: Provider;
}

/**
 * Where the adjoint adds up the planes of a pixel together, which takes half the time: on a GPU it
 * would be fewer, longer strands of work.
 */
const ADDS_PLANES_TOGETHER: Readonly<Record<Provider, boolean>> = {
  cpu: true,
  cuda: false,
  webgpu: false,
};

/**
 * Pixels of the canvas for one of the crop up to which those of two pixels side by side are added
 * together: half as many additions, but to twice the memory.
 */
const LARGEST_FOR_PAIRS = 4;

/**
 * A crop of the canvas that is zoomed, moved and rotated at random in each iteration:
 *
 *     crop[v, u] = canvas at (x, y),   (x, y) = A (u, v, 1)
 *
 * between pixels bilinear, outside the canvas zero or the canvas again. The adjoint adds each
 * pixel's cotangent to the four pixels that it was read from, with the same weights: exact,
 * rotations included.
 *
 * Declares the graph's input `affine`, [iterations, N, 2, 3]: A of each iteration and image, from
 * the crop's pixel indices to the canvas's.
 */
export function affineCrop(graph: GraphBuilder, batch: number, crop: AffineCrop): Transform {
  const affine = affineInput(graph, batch);
  return {
    inputs: [affine.value],
    emit: (body, { image, selection, iteration }, differentiate) => {
      const { seen, pullback } = emitAffineCrop(body, image, affine.at(body, iteration), crop);
      const { activation, gradient } = differentiate(body, { image: seen, selection });
      return { activation, gradient: pullback(gradient) };
    },
  };
}

/** Declares the graph's input `affine`, [iterations, N, 2, 3], of which a Loop reads one row. */
export function affineInput(graph: GraphBuilder, batch: number) {
  const value = graph.input("affine", "float32", [OPEN_AXIS, batch, 2, 3]);
  return {
    value,
    at: (body: GraphBuilder, iteration: Value): Value =>
      body.emit("Gather", [value, iteration], { axis: 0 }),
  };
}

/**
 * Emits one crop of each image, and the adjoint.
 *
 * @param image [N, planes, H, W]
 * @param affine [N, 2, 3]
 * @returns `seen` [N, planes, h, w]; `pullback` from its cotangent to the image's
 */
export function emitAffineCrop(
  graph: GraphBuilder,
  image: Value,
  affine: Value,
  { canvasSize, cropSize, offsets, surround: name, provider }: AffineCrop,
) {
  const [n = 1, colours = 1] = graph.shapeOf(image);
  const { add, mul } = arithmetic(graph);
  const pixels = cropSize.height * cropSize.width;
  const surround = SURROUNDS[name](canvasSize);
  const { height, width } = surround.size;
  const cells = height * width;
  const { cell, weights } = emitCorners(graph, affine, { cropSize, surround });
  // all in one row: ONNX Runtime takes time for each axis of each element
  const corners = [0, 1, width, width + 1];
  const firsts = Array.from({ length: n * colours }, (_, plane) =>
    corners.map((step) => plane * cells + step),
  );
  const places = add(cell, int32s(graph, [n, 4 * colours, 1], firsts.flat()));
  const sources = reshapeTo(graph, places, [n * colours * 4 * pixels]);

  const flat = reshapeTo(graph, surround.framed(graph, image), [n * colours * cells]);
  const read = graph.emit("GatherElements", [flat, sources], { axis: 0 });
  const found = reshapeTo(graph, read, [n, colours, 4, pixels]);
  const ofPlanes = reshapeTo(graph, weights, [n, 1, 4, pixels]);
  const sum = graph.emit("ReduceSum", [mul(found, ofPlanes), graph.ints([2])], { keepdims: 0 });
  const crop = reshapeTo(graph, sum, [n, colours, cropSize.height, cropSize.width]);
  const offset = graph.constant(floatTensor([1, colours, 1, 1], offsets));
  return {
    seen: add(crop, offset),
    pullback: (cotangent: Value): Value => {
      if (ADDS_PLANES_TOGETHER[provider]) {
        const together = cells <= LARGEST_FOR_PAIRS * pixels ? 2 : 1;
        return addedTogether(graph, cotangent, { cell, weights }, { surround, together });
      }
      const row = reshapeTo(graph, cotangent, [n, colours, 1, pixels]);
      const values = reshapeTo(graph, mul(row, ofPlanes), [n * colours * 4 * pixels]);
      const whole = { shape: [n * colours * cells], axis: 0, indices: sources };
      const scattered = addedAt(graph, whole, values);
      const framed = reshapeTo(graph, scattered, [n, colours, height, width]);
      return surround.pullback(graph, framed);
    },
  };
}

/**
 * Adds each pixel's shares to its four cells, all planes at once. Where two cells side by side are
 * taken together, what is added to the right one lies behind the left one.
 *
 * @param cotangent [N, planes, h, w]
 * @param together cells side by side
 * @returns [N, planes, H, W], without the frame
 */
function addedTogether(
  graph: GraphBuilder,
  cotangent: Value,
  { cell, weights }: Corners,
  { surround, together }: { readonly surround: Surround; readonly together: 1 | 2 },
): Value {
  const [n = 1, planes = 1, ...area] = graph.shapeOf(cotangent);
  const pixels = sizeOf(area);
  const { height, width } = surround.size;
  const cells = height * width;
  const steps = together === 2 ? [0, width] : [0, 1, width, width + 1];
  const firsts = Array.from({ length: n }, (_, i) => steps.map((step) => BigInt(i * cells + step)));
  const { add, mul } = arithmetic(graph);
  const indices = add(
    graph.emit("Cast", [cell], { to: DataType.int64 }),
    graph.constant({
      type: "int64",
      shape: [n, steps.length, 1],
      data: BigInt64Array.from(firsts.flat()),
    }),
  );
  const parts = mul(
    reshapeTo(graph, cotangent, [n, 1, planes, pixels]),
    reshapeTo(graph, weights, [n, 4, 1, pixels]),
  );
  const values = together * planes;
  const columns = reshapeTo(graph, parts, [n * steps.length, values, pixels]);
  const rows = graph.emit("Transpose", [columns], { perm: [0, 2, 1] });
  const count = n * steps.length * pixels;
  const inputs = [
    zeros(graph, [n * cells, values]),
    reshapeTo(graph, indices, [count, 1]),
    reshapeTo(graph, rows, [count, values]),
  ];
  const sums = graph.emit("ScatterND", inputs, { reduction: "add" });
  const ofCells = reshapeTo(graph, sums, [n, cells, values]);
  const turned = graph.emit("Transpose", [ofCells], { perm: [0, 2, 1] });
  const framed = reshapeTo(graph, turned, [n, values, height, width]);
  if (together === 1) return surround.pullback(graph, framed);
  const [left, right] = [0, 1].map((before) =>
    surround.pullback(graph, framed, { first: before * planes, count: planes, before }),
  ) as [Value, Value];
  return add(left, right);
}

/** The four pixels of the framed canvas that each pixel of the crop lies between. */
interface Corners {
  /** Number of the upper left one, int32 [N, 1, P]. */
  readonly cell: Value;
  /** Of the upper two, then of the lower two, [N, 2, 2, P]. */
  readonly weights: Value;
}

function emitCorners(
  graph: GraphBuilder,
  affine: Value,
  { cropSize, surround }: { readonly cropSize: Size; readonly surround: Surround },
): Corners {
  const [n = 1] = graph.shapeOf(affine);
  const { add, sub, mul } = arithmetic(graph);
  const pixels = cropSize.height * cropSize.width;
  const { size, origin } = surround;
  const inFrame = graph.constant(floatTensor([1, 2, 3], [0, 0, origin, 0, 0, origin]));
  const shifted = add(affine, inFrame);
  const indices = graph.constant(pixelIndices(cropSize));
  const along = (axis: 0 | 1) => {
    const length = axis === 0 ? size.width : size.height;
    const map = slice(graph, shifted, { axis: 1, start: axis, end: axis + 1 });
    const place = surround.placed(graph, graph.emit("MatMul", [map, indices]), length);
    const floor = graph.emit("Floor", [place]);
    // the last pixel has none to its right
    const whole = graph.emit("Min", [floor, graph.scalar(length - 2)]);
    const after = sub(place, whole);
    const before = sub(1, after);
    // a large canvas has more pixels than float32 counts
    const first = graph.emit("Cast", [whole], { to: DataType.int32 });
    return { first, both: graph.emit("Concat", [before, after], { axis: 1 }) };
  };
  const [x, y] = [along(0), along(1)];
  const row = mul(y.first, int32s(graph, [], [size.width]));
  const [down, right] = [
    reshapeTo(graph, y.both, [n, 2, 1, pixels]),
    reshapeTo(graph, x.both, [n, 1, 2, pixels]),
  ];
  return { cell: add(row, x.first), weights: mul(down, right) };
}

function int32s(graph: GraphBuilder, shape: readonly number[], values: readonly number[]): Value {
  return graph.constant({ type: "int32", shape, data: Int32Array.from(values) });
}

/** Index (u, v) of every pixel and 1, as [3, P]. */
function pixelIndices({ height, width }: Size) {
  const data = new Float32Array(3 * height * width);
  for (let i = 0; i < height * width; i++) {
    data[i] = i % width;
    data[height * width + i] = Math.floor(i / width);
    data[2 * height * width + i] = 1;
  }
  return floatTensor([3, height * width], data);
}
