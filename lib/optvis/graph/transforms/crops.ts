import { reshapeTo, zeros } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { type GraphBuilder, OPEN_AXIS } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { intsTensor } from "../../../onnx/tensor.ts";
import { emitLoop } from "../loop.ts";
import type { Differentiate, ImageAndSelection, Transform } from "../parts.ts";
import { type Blend, type CropPlan, cropWeights, inverseCoverage } from "./crop-plan.ts";

export interface AscentCrops {
  readonly imageSize: Size;
  readonly plan: CropPlan;
  readonly blend: Blend;
}

/**
 * A large image, seen crop by crop: activations are averaged, gradients blended by weight where
 * crops overlap. An inner Loop goes over the crops, so memory does not grow with the image.
 *
 * Their grid moves in each iteration, so that no seam stays in one place. It moves by rolling the
 * image: what leaves on one side enters on the other, so no border sees filling.
 *
 * Declares the graph's input `shifts`, int64 [iterations, 2]: how far the grid is moved down and
 * right in each iteration, 0 <= shift < size.
 */
export function movingCrops(graph: GraphBuilder, crops: AscentCrops): Transform {
  // its first axis is as long as the trip count, so only the row that is read has a static shape
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
      const [n = 1] = body.shapeOf(image);
      const axes = body.ints([0]);
      const mean = body.emitAs(floats([n]), "ReduceMean", [activation, axes], { keepdims: 0 });
      return { activation: mean, gradient: roll(body, gradient, ...back) };
    },
  };
}

/** Activations [crops, N], and the blended gradient. */
function emitOverCrops(
  graph: GraphBuilder,
  { image, selection }: ImageAndSelection,
  { imageSize, plan, blend }: AscentCrops,
  differentiate: Differentiate,
) {
  const shape = graph.shapeOf(image);
  const weights = cropWeights(plan, blend);
  const count = BigInt64Array.of(BigInt(plan.origins.length));
  const tops = intsTensor(plan.origins.map(([top]) => top));
  const lefts = intsTensor(plan.origins.map(([, left]) => left));
  const { finals, scans } = emitLoop(graph, {
    prefix: "crop_",
    iterations: graph.constant({ type: "int64", shape: [], data: count }),
    carried: [zeros(graph, shape)],
    outer: [image, selection],
    body: (body, index, [total]) => {
      const origin = body.emit(
        "Concat",
        [tops, lefts].map((list) => pick(body, body.constant(list), index)),
        { axis: 0 },
      );
      const end = body.emit("Add", [origin, body.ints([plan.height, plan.width])]);
      const cropShape = [...shape.slice(0, 2), plan.height, plan.width];
      const crop = body.emitAs(floats(cropShape), "Slice", [image, origin, end, body.ints([2, 3])]);
      const { activation, gradient } = differentiate(body, { image: crop, selection });
      const weighted = body.emit("Mul", [gradient, body.constant(weights)]);
      const after = body.emit("Sub", [body.ints([imageSize.height, imageSize.width]), end]);
      const none = body.ints([0, 0]);
      const pads = body.emit("Concat", [none, origin, none, after], { axis: 0 });
      const placed = body.emitAs(floats(shape), "Pad", [weighted, pads]);
      return { carried: [body.emit("Add", [total, placed])], scanned: [activation] };
    },
  });
  const coverage = graph.constant(inverseCoverage(imageSize, plan, weights));
  return { activation: scans[0], gradient: graph.emit("Mul", [finals[0], coverage]) };
}

/** Row `iteration`, column `axis` of the shifts, as int64 [1]. */
function readShift(graph: GraphBuilder, shifts: Value, iteration: Value, axis: 0 | 1): Value {
  const facts = { type: "int64", shape: [2] } as const;
  const row = graph.emitAs(facts, "Gather", [shifts, iteration], { axis: 0 });
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
