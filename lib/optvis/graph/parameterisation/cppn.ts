import type { Provider } from "../../../autodiff/provider.ts";
import { expandTo, reshapeTo } from "../../../autodiff/shaping.ts";
import { vjp } from "../../../autodiff/vjp.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../../onnx/model.ts";
import { filled, floatTensor } from "../../../onnx/tensor.ts";
import { planeColours } from "./decorrelated-colours.ts";
import type { PaintedImage, Painter } from "./painting.ts";

/** How the parameters of an ascent become the weights of a network that paints. */
export interface CppnImage extends PaintedImage {
  /** Hidden ones. */
  readonly cppnLayers: number;
}

/** Units of a hidden layer; Lucid's. */
const UNITS = 24;
/** How many times as finely x_1 vary at the start as the deeper x do: for more to begin with. */
const FINENESS = 2.5;
/** Root mean squares: of X and Y, uniform in -1 to 1, and of 1. */
const GRID_RMS = [Math.sqrt(1 / 3) / FINENESS, Math.sqrt(1 / 3) / FINENESS, 1];
/** Of tanh(x) and its square, where x is of the standard normal distribution; and of 1. */
const HIDDEN_RMS = [...filled(UNITS, 0.628), ...filled(UNITS, 0.503), 1];
/** Deviation of the decorrelated colours at the start, for parameters N(0, 1). */
const COLOUR_DEVIATION = 2;

/**
 * A compositional pattern-producing network: it makes each pixel's colour of its place alone, and
 * has as true a detail in any number of pixels. The parameters are its weights, each image's own:
 *
 *     h_0 = (X, Y, 1);  x_l = W_l h_(l-1),  h_l = (tanh x_l, (tanh x_l)^2, 1);  z = 2 W_(L+1) h_L
 *
 * with decorrelated colours z. A column of W_l for an input of root mean square r, one of J, is
 * parameters / (r sqrt(J)), so that with parameters N(0, 1) all x are about N(0, 1), but x_1 two and
 * a half times as wide, and one parameter changes an image about as much as another.
 *
 * Source: Mordvintsev, Pezzotti, Schubert and Olah, "Differentiable Image Parameterizations",
 * Distill 2018, and their Lucid, whose arc tangent is a hyperbolic one here: ONNX Runtime has that
 * quickly everywhere. Weights of the last layer begin as random as the others here, and not at zero.
 */
export function cppnPainter(
  canvas: CppnImage,
  provider: Provider,
): Painter<{ readonly parameters: Value }> {
  const { planes, saturation } = canvas;
  const inColour = planeColours(saturation, planes);
  return {
    make: (_, parameters) => ({
      made: { parameters },
      pullback: (cotangent) => cotangent.parameters,
    }),
    paint: (graph, { parameters }, grid) => {
      const { nodes, initializers } = cppn(canvas, graph.shapeOf(parameters), graph.shapeOf(grid));
      const { layer: z, pullback: throughLayers } = vjp(
        graph,
        { nodes, initializers, input: "parameters", layer: "z", layerName: "z" },
        { image: parameters, replacements: new Map([["grid", grid]]), provider },
      );
      const { image, pullback } = inColour(graph, z);
      return {
        image,
        pullback: (cotangent) => ({ parameters: throughLayers(pullback(cotangent)) }),
      };
    },
  };
}

/** Of one image's parameters: the rows of each layer's matrix, one after another. */
export function cppnParameterShape(canvas: CppnImage) {
  const sizes = matricesOf(canvas).map(({ rows, inputRms }) => rows * inputRms.length);
  return [sizes.reduce((sum, size) => sum + size, 0)] as const;
}

/** The network as a graph of its own. Inputs `parameters` and `grid`; output `z` [N, planes, P]. */
function cppn(canvas: CppnImage, shape: readonly number[], gridShape: readonly number[]): Graph {
  const [[n = 1], [, points = 1]] = [shape, gridShape];
  const graph = new GraphBuilder("cppn_");
  const { mul } = arithmetic(graph);
  const parameters = graph.input("parameters", "float32", shape);
  const grid = graph.input("grid", "float32", gridShape);
  const matrices = matricesOf(canvas);
  const sizes = graph.ints(matrices.map(({ rows, inputRms }) => rows * inputRms.length));
  const parts = graph.emitMany("Split", [parameters, sizes], { axis: 1 }, matrices.length);
  const ones = expandTo(graph, graph.scalar(1), [n, 1, points]);
  const z = matrices.reduce((below, { rows, inputRms, gain }, i) => {
    const inputs = inputRms.length;
    const scale = inputRms.map((rms) => gain / (rms * Math.sqrt(inputs)));
    const matrix = reshapeTo(graph, parts[i]!, [n, rows, inputs]);
    const weights = mul(matrix, graph.constant(floatTensor([inputs], scale)));
    const h = i === 0 ? below : graph.emit("Concat", [below, mul(below, below), ones], { axis: 1 });
    const x = graph.emit("MatMul", [weights, h]);
    return i === canvas.cppnLayers ? x : graph.emit("Tanh", [x]);
  }, grid);
  return graph.build("cppn", [["z", z]]);
}

/** Of each layer, the last one that of the colours. */
function matricesOf({ cppnLayers, planes }: CppnImage) {
  return Array.from({ length: cppnLayers + 1 }, (_, i) => ({
    rows: i === cppnLayers ? planes.length : UNITS,
    inputRms: i === 0 ? GRID_RMS : HIDDEN_RMS,
    gain: i === cppnLayers ? COLOUR_DEVIATION : 1,
  }));
}
