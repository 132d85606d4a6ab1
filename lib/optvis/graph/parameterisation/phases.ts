import { reshapeTo } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, type FloatTensor, intScalar } from "../../../onnx/tensor.ts";

/** The parameters as a spectrum, and dObjective/dParameters from dObjective/dSpectrum. */
export interface ParameterisedSpectrum {
  /** [N, ...coefficientShape] */
  readonly spectrum: Value;
  readonly pullback: (cotangent: Value) => Value;
}

/**
 * The parameters are phases p, [N, ...phaseShape]; what the magnitudes r are they stay:
 *
 *     c = r (cos p + i sin p);   dp = r (cos p dIm c - sin p dRe c)
 *
 * Where two coefficients stand for one wave, at a vertical frequency of 0 or of half a cycle, its
 * magnitude is that of their sum: between none and twice what the others have.
 *
 * @param magnitudes [groups, 1, members, ky, planes], for real and imaginary parts alike
 *
 * Source: Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude
 * Constrained Optimization", NeurIPS 2023.
 */
export function phases({ shape, data }: FloatTensor) {
  const [groups = 1, , members = 1, ...row] = shape;
  const r = floatTensor([groups, members, ...row], data);
  return (graph: GraphBuilder, p: Value): ParameterisedSpectrum => {
    const { sub, mul } = arithmetic(graph);
    const along = (turn: "Cos" | "Sin") => mul(graph.emit(turn, [p]), graph.constant(r));
    const [real, imaginary] = [along("Cos"), along("Sin")];
    return {
      spectrum: graph.emit("Concat", [real, imaginary], { axis: 2 }),
      pullback: (cotangent) => {
        const [n = 1] = graph.shapeOf(p);
        const parted = reshapeTo(graph, cotangent, [n, groups, 2, members, ...row]);
        const [dReal, dImaginary] = [0, 1].map((part) =>
          graph.emit("Gather", [parted, graph.constant(intScalar(part))], { axis: 2 }),
        );
        return sub(mul(real, dImaginary!), mul(imaginary, dReal!));
      },
    };
  };
}
