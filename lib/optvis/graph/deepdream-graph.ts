import { arithmetic } from "../../onnx/arithmetic.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph } from "../../onnx/model.ts";
import { selectionInput } from "./differentiable-graph.ts";
import { emitImageRms } from "./image-rms.ts";
import { emitLoop } from "./loop.ts";
import { objectiveThrough, type ObjectiveSpecification } from "./objective-through.ts";
import { emitLaplacianNormalisation } from "./optimiser/laplacian.ts";
import { type AscentCrops, movingCrops } from "./transforms/crops.ts";
import { none } from "./transforms/none.ts";

export interface DeepDreamParts {
  readonly method: "deepdream";
  /** `null`: the network sees the whole image at once. */
  readonly crops: AscentCrops | null;
}

/**
 * deepDreamImage's ascent on the pixels themselves: x <- x + step * lapnorm(g), without clipping.
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

  const transform = crops === null ? none : movingCrops(graph, crops);
  const objective = objectiveThrough(specification);

  const { finals, scans } = emitLoop(graph, {
    prefix: "ascent_",
    iterations,
    carried: [start],
    outer: [selection, step, ...transform.inputs],
    body: (body, iteration, [image]) => {
      const values = { image, selection, iteration };
      const { activation, gradient } = transform.emit(body, values, objective);
      const rms = emitImageRms(body, gradient, 0);
      const { add, mul } = arithmetic(body);
      const direction = emitLaplacianNormalisation(body, gradient, provider);
      return { carried: [add(image, mul(direction, step))], scanned: [activation, rms] };
    },
  });
  return graph.build(`ascent ${pass.layerName}`, [
    ["image_out", finals[0]],
    ["activations", scans[0]],
    ["gradient_rms", scans[1]],
  ]);
}
