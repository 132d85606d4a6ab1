import type { Value } from "../onnx/model.ts";
import { floatAttribute } from "../onnx/node.ts";
import type { VjpContext } from "./rule.ts";

interface Standardised {
  /** (x - mean) / deviation */
  readonly z: Value;
  readonly mean: Value;
  /** 1 / sqrt(variance + epsilon) */
  readonly inverseDeviation: Value;
  readonly pullback: (dZ: Value) => Value;
}

/**
 * Z = (X - mean) r with r = 1 / sqrt(var + epsilon), over `axes`: the core of the normalisations
 * that take their statistics from the image. X is input 0, epsilon the attribute.
 *
 *     dX = r (dZ - mean(dZ) - Z mean(dZ Z))
 *
 * Emitted as its definition, so that r and Z are computed once. Mean and r keep `axes` with length
 * 1.
 */
export function standardise(context: VjpContext, axes: readonly number[]): Standardised {
  const { graph, node, input, add, mul, sub } = context;
  const x = input(0);
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const meanOf = (value: Value) =>
    graph.emit("ReduceMean", [value, graph.ints(axes)], { keepdims: 1 });
  const mean = meanOf(x);
  const centred = sub(x, mean);
  const deviation = graph.emit("Sqrt", [add(meanOf(mul(centred, centred)), epsilon)]);
  const r = graph.emit("Reciprocal", [deviation]);
  const z = mul(centred, r);
  const pullback = (dZ: Value) => mul(r, sub(sub(dZ, meanOf(dZ)), mul(z, meanOf(mul(dZ, z)))));
  return { z, mean, inverseDeviation: r, pullback };
}
