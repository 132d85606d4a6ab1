import type { Provider } from "../../autodiff/provider.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { selectionInput } from "./differentiable-graph.ts";
import { emitImageRms } from "./image-rms.ts";
import { emitLoop } from "./loop.ts";
import { objectiveThrough, type ObjectiveSpecification } from "./objective-through.ts";
import { emitTotalVariationGradient } from "./objective/total-variation.ts";
import { adamRatesInput, emitAdam } from "./optimiser/adam.ts";
import {
  emitKept,
  type ParameterImage,
  parameterisationOf,
  parameterShape,
} from "./parameterisation/parameter-image.ts";
import { affineCrop } from "./transforms/affine-crop.ts";
import type { SurroundName } from "./transforms/surround.ts";

export interface FourierParts {
  readonly method: "fourier";
  readonly image: ParameterImage;
  /** Mid-grey in each of the network's planes, in units of 0..255 less the network's mean. */
  readonly greys: readonly number[];
  /** What crops see beyond the edges of the canvas. */
  readonly surround: SurroundName;
  /** Weight of the roughness, in the objective's units for colours from 0 to 1; 0: none. */
  readonly totalVariation: number;
  /** Whether `GRADIENT_SUM` is carried too. */
  readonly sumsGradient: boolean;
}

/**
 * The tensors that the Loop carries: coefficients, or what else the image is made of, their phases,
 * ellipses or a network's weights, and Adam's two moments of their gradient.
 */
export const FOURIER_STATE = ["coefficients", "first_moment", "second_moment"] as const;

/** How much the network wanted of each pixel so far: |dObjective/dImage|, its planes' mean. */
export const GRADIENT_SUM = "gradient_sum";

/**
 * Lucid's ascent, on the Fourier coefficients of decorrelated colours or on what else the image is
 * made of: each iteration sees one random crop of the canvas, and Adam makes the step. The canvas
 * may have any size, the network sees its crop alone.
 *
 * Carries `FOURIER_STATE`, each [N, ...parameterShape], and where it is asked for `GRADIENT_SUM`,
 * [N, 1, H, W]. Inputs of its own: `affine` (see transforms/affine-crop.ts) and `rates` (see
 * optimiser/adam.ts).
 */
export function fourierGraph(specification: ObjectiveSpecification & FourierParts): Graph {
  const {
    pass,
    image: canvas,
    greys,
    surround,
    totalVariation,
    sumsGradient,
    provider,
  } = specification;
  const [n, , height, width] = pass.imageShape;

  const graph = new GraphBuilder();
  const shape = [n, ...parameterShape(canvas)];
  const state = FOURIER_STATE.map((name) => graph.input(name, "float32", shape));
  const sumShape = [n, 1, canvas.size.height, canvas.size.width];
  const carried = sumsGradient ? [...state, graph.input(GRADIENT_SUM, "float32", sumShape)] : state;
  const selection = selectionInput(graph, pass, specification.objective);
  const iterations = graph.input("iterations", "int64", []);
  const rates = adamRatesInput(graph);

  const parameterisation = parameterisationOf(canvas, provider);
  const sizes = { canvasSize: canvas.size, cropSize: { height, width } };
  const transform = affineCrop(graph, n, { ...sizes, offsets: greys, surround, provider });
  const objective = objectiveThrough(specification);

  const { finals, scans } = emitLoop(graph, {
    prefix: "ascent_",
    iterations,
    carried: carried as [Value, Value, Value, ...Value[]],
    outer: [selection, rates, ...transform.inputs],
    body: (body, iteration, [parameters, first, second, ...sums]) => {
      const { image, pullback } = parameterisation(body, parameters);
      const seen = transform.emit(body, { image, selection, iteration }, objective);
      const rms = emitImageRms(body, seen.gradient, 0);
      const smooth =
        totalVariation === 0
          ? seen.gradient
          : body.emit("Sub", [
              seen.gradient,
              emitTotalVariationGradient(body, image, { weight: totalVariation / 255, surround }),
            ]);
      const gradient = pullback(smooth);
      const next = emitAdam(body, { parameters, first, second }, { gradient, rates, iteration });
      return {
        carried: [
          next.parameters,
          next.first,
          next.second,
          ...sums.map((sum) => emitGradientSum(body, sum, seen.gradient)),
        ],
        scanned: [seen.activation, rms],
      };
    },
  });
  return graph.build(`ascent ${pass.layerName}`, [
    ...carried.map((name, i) => [`${name}_out`, finals[i]!] as const),
    ["activations", scans[0]],
    ["gradient_rms", scans[1]],
  ]);
}

/** @param gradient [N, planes, H, W] */
function emitGradientSum(graph: GraphBuilder, sum: Value, gradient: Value): Value {
  const absolute = graph.emit("Abs", [gradient]);
  const mean = graph.emit("ReduceMean", [absolute, graph.ints([1])], { keepdims: 1 });
  return graph.emit("Add", [sum, mean]);
}

/**
 * The image of given coefficients, or what else it is made of. Input `coefficients`; output `image`
 * [N, planes, H, W], the network's planes in units of 0..255 about mid-grey.
 */
export function fourierImageGraph(
  canvas: ParameterImage,
  batch: number,
  provider: Provider = "cpu",
): Graph {
  const graph = new GraphBuilder();
  const shape = [batch, ...parameterShape(canvas)];
  const coefficients = graph.input("coefficients", "float32", shape);
  const image = emitKept(graph, canvas, coefficients, provider);
  return graph.build("image of coefficients", [["image", image]]);
}
