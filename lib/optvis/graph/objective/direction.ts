import { reshapeTo } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import { DataType } from "../../../onnx/element-type.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import type { ElementObjective } from "../parts.ts";
import { emitSelected } from "./selected.ts";

/**
 * Below this the angle counts no further: there must be something to climb from. Lucid's number.
 */
const LEAST_COSINE = 0.1;
/** Keeps a place without any activation from dividing by zero. */
const SMALLEST_SQUARE = 1e-12;

/**
 * A direction v among the channels, one for each place p of the map.
 *
 *     L = mean over p of d f,  d = <v, a>,  cos = d / (|v| |a|),  f = max(0.1, cos)^k
 *
 *     dL/da = f ((1 + s) v - s d a / |a|^2) / P,  s = k where cos > 0.1, else 0
 *
 * because cos has the slope v / (|v| |a|) - cos a / |a|^2. With k = 0 it is the mean of d alone, to
 * which a long a contributes whatever its angle; larger k ask for the direction more than for the
 * length. Activation: L.
 *
 * Source: `direction` and its `cossim_pow` in Lucid's optvis/objectives.py.
 *
 * @param cosinePower k
 */
export function direction(cosinePower: number): ElementObjective {
  return (graph, y, selection) => {
    const { add, sub, mul, div } = arithmetic(graph);
    const shape = graph.shapeOf(y);
    const [n = 1, channels = 1, ...spatial] = shape;
    const pixels = sizeOf(spatial);
    const a = reshapeTo(graph, y, [n, channels, pixels]);
    const v = reshapeTo(graph, selection, [n, channels, pixels]);
    const overChannels = (value: Value) =>
      graph.emit("ReduceSum", [value, graph.ints([1])], { keepdims: 1 });

    const dot = overChannels(emitSelected(graph, a, v));
    if (cosinePower === 0) {
      return {
        activation: emitPlaceMean(graph, dot),
        cotangent: reshapeTo(graph, mul(v, 1 / pixels), shape),
      };
    }
    const square = (value: Value) =>
      graph.emit("Max", [overChannels(mul(value, value)), graph.scalar(SMALLEST_SQUARE)]);
    const [aSquare, vSquare] = [square(a), square(v)];
    const cosine = div(dot, mul(graph.emit("Sqrt", [aSquare]), graph.emit("Sqrt", [vSquare])));
    const least = graph.scalar(LEAST_COSINE);
    const floored = graph.emit("Max", [cosine, least]);
    const factor = graph.emit("Pow", [floored, graph.scalar(cosinePower)]);

    const above = graph.emit("Greater", [cosine, least]);
    const slope = mul(graph.emit("Cast", [above], { to: DataType.float }), cosinePower);
    const perLength = mul(slope, div(dot, aSquare));
    const turned = sub(mul(add(slope, 1), v), mul(perLength, a));
    const cotangent = mul(mul(factor, 1 / pixels), turned);
    return {
      activation: emitPlaceMean(graph, mul(dot, factor)),
      cotangent: reshapeTo(graph, cotangent, shape),
    };
  };
}

/** [N] from [N, 1, P]. */
function emitPlaceMean(graph: GraphBuilder, value: Value): Value {
  return graph.emit("ReduceMean", [value, graph.ints([1, 2])], { keepdims: 0 });
}
