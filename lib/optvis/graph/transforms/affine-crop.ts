import type { Provider } from "../../../autodiff/provider.ts";
import { reshapeTo, zeros } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { DataType } from "../../../onnx/element-type.ts";
import { type GraphBuilder, OPEN_AXIS } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor } from "../../../onnx/tensor.ts";
import type { Transform } from "../parts.ts";

export interface AffineCrop {
  /** Of the image. */
  readonly canvasSize: Size;
  /** What the network sees. */
  readonly cropSize: Size;
  /** Added to every pixel of a plane, outside the canvas too: what zero in the image stands for. */
  readonly offsets: readonly number[];
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
 * A crop of the canvas that is zoomed, moved and rotated at random in each iteration:
 *
 *     crop[v, u] = canvas at (x, y),   (x, y) = A (u, v, 1)
 *
 * between pixels bilinear, outside the canvas zero. The adjoint adds each pixel's cotangent to the
 * four pixels that it was read from, with the same weights: exact, rotations included.
 *
 * Declares the graph's input `affine`, [iterations, N, 2, 3]: A of each iteration and image, from
 * the crop's pixel indices to the canvas's.
 */
export function affineCrop(graph: GraphBuilder, batch: number, crop: AffineCrop): Transform {
  const affine = graph.input("affine", "float32", [OPEN_AXIS, batch, 2, 3]);
  return {
    inputs: [affine],
    emit: (body, { image, selection, iteration }, differentiate) => {
      const facts = { type: "float32", shape: [batch, 2, 3] } as const;
      const now = body.emitAs(facts, "Gather", [affine, iteration], { axis: 0 });
      const { seen, pullback } = emitAffineCrop(body, image, now, crop);
      const { activation, gradient } = differentiate(body, { image: seen, selection });
      return { activation, gradient: pullback(gradient) };
    },
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
  { canvasSize, cropSize, offsets, provider }: AffineCrop,
) {
  const [n = 1, colours = 1] = graph.shapeOf(image);
  const pixels = cropSize.height * cropSize.width;
  // with a border of zeros no place needs a mask: what lies further out reads from the border
  const bordered = { height: canvasSize.height + 2, width: canvasSize.width + 2 };
  const cells = bordered.height * bordered.width;
  const { places, weights } = emitCorners(graph, affine, { cropSize, bordered });
  // all planes in one row: ONNX Runtime's scatter takes time for each axis of each element
  const firsts = Array.from({ length: n * colours }, (_, plane) => plane * cells);
  const planes = graph.constant({
    type: "int32",
    shape: [n, colours, 1],
    data: Int32Array.from(firsts),
  });
  const ofPlanes = graph.emit("Add", [reshapeTo(graph, places, [n, 1, 4 * pixels]), planes]);
  const sources = reshapeTo(graph, ofPlanes, [n * colours * 4 * pixels]);
  const shares = reshapeTo(graph, weights, [n, 1, 4, pixels]);

  const border = graph.ints([0, 0, 1, 1, 0, 0, 1, 1]);
  const flat = reshapeTo(graph, graph.emit("Pad", [image, border]), [n * colours * cells]);
  const read = graph.emit("GatherElements", [flat, sources], { axis: 0 });
  const corners = reshapeTo(graph, read, [n, colours, 4, pixels]);
  const weighted = graph.emit("Mul", [corners, shares]);
  const sum = graph.emit("ReduceSum", [weighted, graph.ints([2])], { keepdims: 0 });
  const crop = reshapeTo(graph, sum, [n, colours, cropSize.height, cropSize.width]);
  const offset = graph.constant(floatTensor([1, colours, 1, 1], offsets));
  return {
    seen: graph.emit("Add", [crop, offset]),
    pullback: (cotangent: Value): Value => {
      const row = reshapeTo(graph, cotangent, [n, colours, 1, pixels]);
      const parts = graph.emit("Mul", [row, shares]);
      const scattered = ADDS_PLANES_TOGETHER[provider]
        ? addedTogether(graph, reshapeTo(graph, parts, [n, colours, 4 * pixels]), places, cells)
        : graph.emit(
            "ScatterElements",
            [
              zeros(graph, [n * colours * cells]),
              sources,
              reshapeTo(graph, parts, [n * colours * 4 * pixels]),
            ],
            { axis: 0, reduction: "add" },
          );
      const framed = reshapeTo(graph, scattered, [n, colours, bordered.height, bordered.width]);
      const [start, end] = [
        [1, 1],
        [canvasSize.height + 1, canvasSize.width + 1],
      ];
      return graph.emit("Slice", [framed, graph.ints(start), graph.ints(end), graph.ints([2, 3])]);
    },
  };
}

/**
 * Adds all planes' values at once to the cells of their places, in their order.
 *
 * @param values [N, planes, M]
 * @param places int32 [N, 4, P], M in all for each image
 * @returns [N, planes, cells]
 */
function addedTogether(graph: GraphBuilder, values: Value, places: Value, cells: number): Value {
  const [n = 1, planes = 1, count = 1] = graph.shapeOf(values);
  const firsts = Int32Array.from({ length: n }, (_, image) => image * cells);
  const first = graph.constant({ type: "int32", shape: [n, 1], data: firsts });
  const ofImages = graph.emit("Add", [reshapeTo(graph, places, [n, count]), first]);
  const indices = graph.emit("Cast", [ofImages], { to: DataType.int64 });
  const rows = graph.emit("Transpose", [values], { perm: [0, 2, 1] });
  const inputs = [
    zeros(graph, [n * cells, planes]),
    reshapeTo(graph, indices, [n * count, 1]),
    reshapeTo(graph, rows, [n * count, planes]),
  ];
  const sums = graph.emit("ScatterND", inputs, { reduction: "add" });
  const ofCells = reshapeTo(graph, sums, [n, cells, planes]);
  return graph.emit("Transpose", [ofCells], { perm: [0, 2, 1] });
}

/**
 * The four pixels that each pixel of the crop lies between, upper left first, row by row.
 *
 * @returns `places`, int32 [N, 4, P], cells of the bordered canvas; `weights` [N, 4, P]
 */
function emitCorners(
  graph: GraphBuilder,
  affine: Value,
  { cropSize, bordered }: { readonly cropSize: Size; readonly bordered: Size },
) {
  const points = graph.emit("MatMul", [affine, graph.constant(pixelIndices(cropSize))]);
  const one = graph.scalar(1);
  const along = (axis: 0 | 1) => {
    const length = axis === 0 ? bordered.width : bordered.height;
    const [start, end] = [graph.ints([axis]), graph.ints([axis + 1])];
    const place = graph.emit("Slice", [points, start, end, graph.ints([1])]);
    const shifted = graph.emit("Add", [place, one]);
    const limits = [graph.scalar(0), graph.scalar(length - 1)];
    const clamped = graph.emit("Clip", [shifted, ...limits]);
    const floor = graph.emit("Floor", [clamped]);
    // the last pixel has none to its right
    const first = graph.emit("Min", [floor, graph.scalar(length - 2)]);
    const after = graph.emit("Sub", [clamped, first]);
    return { first, after, before: graph.emit("Sub", [one, after]) };
  };
  const [x, y] = [along(0), along(1)];
  const row = graph.emit("Mul", [y.first, graph.scalar(bordered.width)]);
  const cell = graph.emit("Cast", [graph.emit("Add", [row, x.first])], { to: DataType.int32 });
  const steps = [1, bordered.width, bordered.width + 1].map((step) =>
    graph.emit("Add", [
      cell,
      graph.constant({ type: "int32", shape: [], data: Int32Array.of(step) }),
    ]),
  );
  const weights = [y.before, y.after].flatMap((down) =>
    [x.before, x.after].map((right) => graph.emit("Mul", [down, right])),
  );
  return {
    places: graph.emit("Concat", [cell, ...steps], { axis: 1 }),
    weights: graph.emit("Concat", weights, { axis: 1 }),
  };
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
