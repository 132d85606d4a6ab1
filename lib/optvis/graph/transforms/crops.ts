import { reshapeTo, zeros } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import { type GraphBuilder, OPEN_AXIS } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { filled, intScalar, intsTensor } from "../../../onnx/tensor.ts";
import { emitLoop } from "../loop.ts";
import type {
  ActivationAndGradient,
  Differentiate,
  ImageAndSelection,
  Transform,
} from "../parts.ts";
import { type Blend, type CropPlan, cropWeights, inverseCoverage } from "./crop-plan.ts";

export interface AscentCrops {
  readonly imageSize: Size;
  readonly plan: CropPlan;
  readonly blend: Blend;
}

/**
 * A large image, seen crop by crop: activations are averaged, gradients blended by weight where
 * crops overlap. Inner Loops go over the rows of crops and over each row, so memory does not grow
 * with the image.
 *
 * Their grid moves in each iteration, so that no seam stays in one place. It moves by rolling the
 * image: what leaves on one side enters on the other, so no border sees filling.
 *
 * Declares the graph's input `shifts`, int64 [iterations, 2]: how far the grid is moved down and
 * right in each iteration, 0 <= shift < size.
 */
export function movingCrops(graph: GraphBuilder, crops: AscentCrops): Transform {
  const shifts = graph.input("shifts", "int64", [OPEN_AXIS, 2]);
  return {
    inputs: [shifts],
    emit: (body, { image, selection, iteration }, differentiate) => {
      const down = readShift(body, shifts, iteration, 0);
      const right = readShift(body, shifts, iteration, 1);
      const moved = { image: roll(body, image, down, right), selection };
      const { activation, gradient } = emitOverCrops(body, moved, crops, differentiate);
      const { height, width } = crops.imageSize;
      const back = [remainder(body, height, down), remainder(body, width, right)] as const;
      return { activation, gradient: roll(body, gradient, ...back) };
    },
  };
}

/** The activations' means [N], and the blended gradient. */
function emitOverCrops(
  graph: GraphBuilder,
  seen: ImageAndSelection,
  { imageSize, plan, blend }: AscentCrops,
  differentiate: Differentiate,
): ActivationAndGradient {
  const weights = cropWeights(plan, blend);
  const rows = { prefix: "row_", axis: 2, starts: plan.tops, length: plan.height } as const;
  const columns = { prefix: "crop_", axis: 3, starts: plan.lefts, length: plan.width } as const;
  // crops are added up in rows and these in the image: for each crop by itself an image of zeros
  // would be added, and the cost grow with the square of the image's pixels
  const { activation, gradient } = emitOverPieces(graph, rows, seen, (ofRow, row) =>
    emitOverPieces(ofRow, columns, row, (body, crop) => {
      const pass = differentiate(body, crop);
      return { ...pass, gradient: body.emit("Mul", [pass.gradient, body.constant(weights)]) };
    }),
  );
  const coverage = graph.constant(inverseCoverage(imageSize, plan, weights));
  return { activation, gradient: graph.emit("Mul", [gradient, coverage]) };
}

/** Pieces of one length along one axis of an image. */
interface Pieces {
  /** Starts the names of the Loop over them. */
  readonly prefix: string;
  readonly axis: 2 | 3;
  /** First pixel of each. */
  readonly starts: readonly number[];
  readonly length: number;
}

/** What is seen piece by piece: the mean activations [N], and gradients added up in their places. */
function emitOverPieces(
  graph: GraphBuilder,
  { prefix, axis, starts, length }: Pieces,
  { image, selection }: ImageAndSelection,
  differentiate: Differentiate,
): ActivationAndGradient {
  const shape = graph.shapeOf(image);
  const pieceShape = shape.with(axis, length);
  const { finals, scans } = emitLoop(graph, {
    prefix,
    iterations: graph.constant(intScalar(starts.length)),
    carried: [zeros(graph, shape)],
    outer: [image, selection],
    body: (body, index, [total]) => {
      const { add, sub, mul } = arithmetic(body);
      const start = pick(body, body.constant(intsTensor(starts)), index);
      const end = add(start, body.ints([length]));
      const bounds = [image, start, end, body.ints([axis])];
      const piece = body.emitAs(floats(pieceShape), "Slice", bounds);
      const { activation, gradient } = differentiate(body, { image: piece, selection });
      const after = sub(body.ints([shape[axis]!]), end);
      const none = filled(8, 0);
      const before = mul(start, body.ints(none.with(axis, 1)));
      const pads = add(before, mul(after, body.ints(none.with(4 + axis, 1))));
      const placed = body.emitAs(floats(shape), "Pad", [gradient, pads]);
      return { carried: [add(total, placed)], scanned: [activation] };
    },
  });
  const activation = graph.emit("ReduceMean", [scans[0], graph.ints([0])], { keepdims: 0 });
  return { activation, gradient: finals[0] };
}

/** Row `iteration`, column `axis` of the shifts, as int64 [1]. */
function readShift(graph: GraphBuilder, shifts: Value, iteration: Value, axis: 0 | 1): Value {
  const row = graph.emit("Gather", [shifts, iteration], { axis: 0 });
  return graph.emit("Slice", [row, graph.ints([axis]), graph.ints([axis + 1]), graph.ints([0])]);
}

/** [size - shift]: the shift that undoes `shift`. */
function remainder(graph: GraphBuilder, size: number, shift: Value): Value {
  return graph.emit("Sub", [graph.ints([size]), shift]);
}

/** out[y, x] = image[(y + down) mod H, (x + right) mod W]. */
function roll(graph: GraphBuilder, image: Value, down: Value, right: Value): Value {
  return rollAxis(graph, rollAxis(graph, image, down, 2), right, 3);
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
  return reshapeTo(graph, element, [1]);
}

const floats = (shape: readonly number[]) => ({ type: "float32", shape }) as const;
