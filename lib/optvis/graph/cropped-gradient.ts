import { type GraphBuilder, OPEN_AXIS } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { intsTensor, type Int64Tensor } from "../../onnx/tensor.ts";
import type { ActivationAndGradient } from "./differentiable-graph.ts";
import { emitLoop } from "./loop.ts";
import { inverseCoverage, tileWeights, type Blend, type TilePlan } from "./crops.ts";

interface TiledGradient {
  readonly imageSize: { readonly height: number; readonly width: number };
  readonly plan: TilePlan;
  readonly blend: Blend;
  /** int64 [iterations, 2]: rows and columns by which the tiles' grid moves, wrapping around. */
  readonly shifts: Value;
  /** int64 scalar: which row of `shifts`. */
  readonly iteration: Value;
  /** Emits activation [N] and gradient of one tile [N, 3, h, w]. */
  readonly differentiate: (
    graph: GraphBuilder,
    tile: Value,
    selection: Value,
  ) => ActivationAndGradient;
}

/**
 * Activation and gradient of a large image, tile by tile: activations averaged, gradients blended
 * by weight where tiles overlap. An inner Loop goes over the tiles, so memory does not grow with
 * the image.
 *
 * The grid moves by rolling the image: what leaves on one side enters on the other, so no border
 * sees filling.
 */
export function emitTiledGradient(
  graph: GraphBuilder,
  { image, selection }: { readonly image: Value; readonly selection: Value },
  tiling: TiledGradient,
): ActivationAndGradient {
  const { imageSize, plan } = tiling;
  const shape = graph.shapeOf(image);
  const weights = tileWeights(plan, tiling.blend);
  const shift = { height: readShift(graph, tiling, 0), width: readShift(graph, tiling, 1) };
  const moved = roll(graph, image, shift);
  const zeros = graph.emit("Sub", [moved, moved]);

  const columns = [0, 1].map((axis): Int64Tensor =>
    intsTensor(plan.origins.map((origin) => origin[axis]!)),
  );
  const { finals, scans } = emitLoop(graph, {
    prefix: "tile_",
    iterations: graph.constant({
      type: "int64",
      shape: [],
      data: BigInt64Array.of(BigInt(plan.origins.length)),
    }),
    carried: [zeros],
    outer: [moved, selection],
    body: (body, index, [total = ""]) => {
      const origin = body.emit(
        "Concat",
        columns.map((column) => pick(body, body.constant(column), index)),
        { axis: 0 },
      );
      const end = body.emit("Add", [origin, body.ints([plan.height, plan.width])]);
      const tileShape = [...shape.slice(0, 2), plan.height, plan.width];
      const tile = body.emitAs(floats(tileShape), "Slice", [moved, origin, end, body.ints([2, 3])]);
      const { activation, gradient } = tiling.differentiate(body, tile, selection);
      const weighted = body.emit("Mul", [gradient, body.constant(weights)]);
      const after = body.emit("Sub", [body.ints([imageSize.height, imageSize.width]), end]);
      const none = body.ints([0, 0]);
      const pads = body.emit("Concat", [none, origin, none, after], { axis: 0 });
      const placed = body.emitAs(floats(shape), "Pad", [weighted, pads]);
      return { carried: [body.emit("Add", [total, placed])], scanned: [activation] };
    },
  });

  const blended = graph.emit("Mul", [
    finals[0]!,
    graph.constant(inverseCoverage(imageSize, plan, weights)),
  ]);
  const back = {
    height: remainder(graph, imageSize.height, shift.height),
    width: remainder(graph, imageSize.width, shift.width),
  };
  const n = shape[0]!;
  const meanActivation = graph.emitAs(floats([n]), "ReduceMean", [scans[0]!, graph.ints([0])], {
    keepdims: 0,
  });
  return { activation: meanActivation, gradient: roll(graph, blended, back) };
}

/** Row `iteration`, column `axis` of the shifts, as int64 [1]. */
function readShift(graph: GraphBuilder, { shifts, iteration }: TiledGradient, axis: 0 | 1): Value {
  const row = graph.emitAs({ type: "int64", shape: [2] }, "Gather", [shifts, iteration], {
    axis: 0,
  });
  return graph.emit("Slice", [row, graph.ints([axis]), graph.ints([axis + 1]), graph.ints([0])]);
}

/** [size - shift]: the shift that undoes `shift`. */
function remainder(graph: GraphBuilder, size: number, shift: Value): Value {
  return graph.emit("Sub", [graph.ints([size]), shift]);
}

/** out[y, x] = image[(y + shift.height) mod H, (x + shift.width) mod W]. */
function roll(
  graph: GraphBuilder,
  image: Value,
  shift: { readonly height: Value; readonly width: Value },
): Value {
  return rollAxis(graph, rollAxis(graph, image, shift.height, 2), shift.width, 3);
}

function rollAxis(graph: GraphBuilder, image: Value, shift: Value, axis: 2 | 3): Value {
  const shape = graph.shapeOf(image);
  const axes = graph.ints([axis]);
  const open = shape.map((length, i) => (i === axis ? OPEN_AXIS : length));
  const [start, end] = [graph.ints([0]), graph.ints([shape[axis]!])];
  const tail = graph.emitAs(floats(open), "Slice", [image, shift, end, axes]);
  const head = graph.emitAs(floats(open), "Slice", [image, start, shift, axes]);
  return graph.emitAs(floats(shape), "Concat", [tail, head], { axis });
}

/** Element `index` (int64 scalar) of a one-dimensional tensor, as [1]. */
function pick(graph: GraphBuilder, list: Value, index: Value): Value {
  const element = graph.emit("Gather", [list, index], { axis: 0 });
  return graph.emit("Reshape", [element, graph.ints([1])]);
}

const floats = (shape: readonly number[]) => ({ type: "float32", shape }) as const;
