import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph } from "../../onnx/model.ts";
import { selectionInput } from "./differentiable-graph.ts";
import { emitImageRms } from "./image-rms.ts";
import { emitLoop } from "./loop.ts";
import { objectiveThrough, type ObjectiveSpecification } from "./objective-through.ts";
import { normalisedStep } from "./optimiser/normalised-step.ts";
import { pixels } from "./parameterisation/pixels.ts";
import { type AscentCrops, movingCrops } from "./transforms/crops.ts";
import { none } from "./transforms/none.ts";

export interface DeepDreamParts {
  readonly method: "deepdream";
  /** `null`: the network sees the whole image at once. */
  readonly crops: AscentCrops | null;
}

/**
 * deepDreamImage's ascent on the pixels themselves.
 *
 * Carries `image` [N, planes, H, W]. Inputs of its own: `step` (scalar), and the transform's (see
 * transforms/crops.ts).
 */
export function deepdreamGraph(specification: ObjectiveSpecification & DeepDreamParts): Graph {
  const { pass, provider, crops } = specification;
  const [n, colours, height, width] = pass.imageShape;
  const size = crops?.imageSize ?? { height, width };

  const graph = new GraphBuilder();
  const start = graph.input("image", "float32", [n, colours, size.height, size.width]);
  const selection = selectionInput(graph, pass, specification.objective);
  const iterations = graph.input("iterations", "int64", []);
  const step = graph.input("step", "float32", []);

  const parameterisation = pixels;
  const transform = crops === null ? none : movingCrops(graph, crops);
  const objective = objectiveThrough(specification);
  const optimiser = normalisedStep(provider);

  const { finals, scans } = emitLoop(graph, {
    prefix: "ascent_",
    iterations,
    carried: [start],
    outer: [selection, step, ...transform.inputs],
    body: (body, iteration, [x]) => {
      const { image, pullback } = parameterisation(body, x);
      const seen = transform.emit(body, { image, selection, iteration }, objective);
      const gradient = pullback(seen.gradient);
      const rms = emitImageRms(body, gradient, 0);
      const next = optimiser(body, { parameters: x, gradient, step });
      return { carried: [next], scanned: [seen.activation, rms] };
    },
  });
  return graph.build(`ascent ${pass.layerName}`, [
    ["image_out", finals[0]],
    ["activations", scans[0]],
    ["gradient_rms", scans[1]],
  ]);
}
