import type { Provider } from "../../autodiff/provider.ts";
import { reshapeTo } from "../../autodiff/shaping.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { emitActivationAndGradient } from "./differentiable-graph.ts";
import type { LayerPass } from "./layer-pass.ts";
import { emitLoop } from "./loop.ts";
import type { Objective } from "./objective/names.ts";
import { emitRms } from "./optimiser/laplacian.ts";
import { normalisedStep } from "./optimiser/normalised-step.ts";
import { pixels } from "./parameterisation/pixels.ts";
import type { Differentiate } from "./parts.ts";
import { type AscentCrops, movingCrops } from "./transforms/crops.ts";
import { none } from "./transforms/none.ts";

/** Everything that shapes an ascent graph; two equal specifications give the same graph. */
export interface AscentSpecification {
  /** The network's pass at the size it sees: the whole image, or one crop. */
  readonly pass: LayerPass;
  readonly objective: Objective;
  readonly provider: Provider;
  /** Network input = image * scale, per plane; the image is in units of 0..255, centred. */
  readonly scale: readonly number[];
  /** `null`: the network sees the whole image at once. */
  readonly crops: AscentCrops | null;
}

/**
 * The ascent as one ONNX Loop. In each iteration, without clipping:
 *
 *     image = parameterisation(x);  seen = transform(image);  g = dObjective(seen)/dx
 *     x <- optimiser(x, g)
 *
 * Inputs: `image` [N, 3, H, W]; `selection` [N, C], one-hot rows; `iterations` (int64 scalar);
 * `step` (scalar); and the transform's own (see transforms/crops.ts).
 * Outputs: `image_out` [N, 3, H, W]; `activations` [iterations, N], before each update;
 * `gradient_rms` [iterations, N], zero for an image without any gradient.
 */
export function ascentGraph(specification: AscentSpecification): Graph {
  const { pass, provider, crops } = specification;
  const [n, colours, height, width] = pass.imageShape;
  const size = crops?.imageSize ?? { height, width };

  const graph = new GraphBuilder();
  const start = graph.input("image", "float32", [n, colours, size.height, size.width]);
  const selection = graph.input("selection", "float32", [n, pass.channels]);
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
      const rms = emitImageRms(body, gradient);
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

/** The objective of an image in pixels through the network: scaled on the way in and back. */
function objectiveThrough({
  pass,
  objective,
  provider,
  scale,
}: AscentSpecification): Differentiate {
  return (graph, { image, selection }) => {
    const input = { image: emitColourScale(graph, image, scale), selection };
    const options = { objective, provider };
    const { activation, gradient } = emitActivationAndGradient(graph, input, pass, options);
    return { activation, gradient: emitColourScale(graph, gradient, scale) };
  };
}

/**
 * `value` times one factor per colour; the network reads (pixel - mean) * scale.
 *
 * @param scale per plane, in the network's channel order
 */
function emitColourScale(graph: GraphBuilder, value: Value, scale: readonly number[]): Value {
  if (scale.every((factor) => factor === 1)) return value;
  return graph.emit("Mul", [value, graph.constant(floatTensor([1, scale.length, 1, 1], scale))]);
}

/** Root mean square of each image's gradient: [N]. */
function emitImageRms(graph: GraphBuilder, gradient: Value): Value {
  const [n = 1] = graph.shapeOf(gradient);
  const rows = reshapeTo(graph, gradient, [n, -1]);
  return reshapeTo(graph, emitRms(graph, rows), [n]);
}
