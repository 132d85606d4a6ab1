import type { Graph } from "../../onnx/model.ts";
import { type DeepDreamParts, deepdreamGraph } from "./deepdream-graph.ts";
import { type FourierParts, fourierGraph } from "./fourier-graph.ts";
import type { ObjectiveSpecification } from "./objective-through.ts";

/** Everything that shapes an ascent graph; two equal specifications give the same graph. */
export type AscentSpecification = ObjectiveSpecification & (DeepDreamParts | FourierParts);

/**
 * The ascent as one ONNX Loop. In each iteration, without clipping:
 *
 *     image = parameterisation(x);  seen = transform(image);  g = dObjective(seen)/dx
 *     x <- optimiser(x, g)
 *
 * Inputs: the tensors that the method carries through the Loop; `selection` [N, C], a row for each
 * image; `iterations` (int64 scalar); and the method's own (see its file).
 * Outputs: each carried tensor, `_out` after its name; `activations` [iterations, N], before each
 * update; `gradient_rms` [iterations, N], zero for an image without any gradient.
 */
export function ascentGraph(specification: AscentSpecification): Graph {
  return specification.method === "deepdream"
    ? deepdreamGraph(specification)
    : fourierGraph(specification);
}
