import type { Size } from "../../../image/raster.ts";
import { floatTensor, type FloatTensor } from "../../../onnx/tensor.ts";
import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { isOfColours } from "../layer-pass.ts";
import type { Parameterisation } from "../parts.ts";
import { decorrelatedColours, independentPlanes } from "./decorrelated-colours.ts";
import { frequencySums } from "./frequency-sums.ts";
import {
  coefficientShape,
  eachFrequency,
  type SpectrumLayout,
  spectrumLayout,
} from "./spectrum-layout.ts";

/** How the parameters of a Fourier ascent become an image. */
export interface FourierImage {
  readonly size: Size;
  /** In cycles a pixel along each axis; from 0.5 on there are all. */
  readonly highestFrequency: number;
  /**
   * In cycles a pixel: what is as fine is left half as strong, what is finer still weaker, as by a
   * Gaussian blur. @default nothing is
   */
  readonly halvingFrequency?: number;
  /** The spectrum falls as 1 / frequency^decay; 1 is that of photographs, and Lucid's. */
  readonly spectrumDecay: number;
  /** Factor of the two colour differences; 1 is Lucid's. */
  readonly saturation: number;
  /**
   * Which of red (0), green (1) and blue (2) each of the network's planes is; `null`: no colour.
   */
  readonly planes: readonly (number | null)[];
}

/**
 * The parameters are the coefficients of the image's decorrelated colours, or of its planes where
 * they are no colours, scaled so that all frequencies are found equally fast:
 *
 *     z = irfft2(s c) / 4,   s(f) = m sqrt(H W) / max(f, 1 / max(H, W))^decay,  f in cycles a pixel
 *
 * with m such that z has the variance that a decay of 1 gives it; times 2^-(f / halvingFrequency)^2,
 * where that is given. The image is centred on mid-grey.
 *
 * Coefficients: [N, ...coefficientShape], see spectrum-layout.ts.
 *
 * Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017, and the constants
 * of their Lucid.
 */
export function fourier({
  size,
  highestFrequency,
  halvingFrequency,
  spectrumDecay,
  saturation,
  planes,
}: FourierImage): Parameterisation {
  const layout = spectrumLayout(size, planes.length, highestFrequency);
  const scale = spectrumScale(layout, spectrumDecay, halvingFrequency);
  const sums = frequencySums(layout);
  const colours = isOfColours(planes)
    ? decorrelatedColours(saturation, planes)
    : independentPlanes();
  // real and imaginary parts are scaled alike
  const scaled = (graph: GraphBuilder, coefficients: Value) => {
    const shape = graph.shapeOf(coefficients);
    const [n = 1, groups = 1, parts = 1, ...row] = shape;
    const parted = reshapeTo(graph, coefficients, [n, groups, 2, parts / 2, ...row]);
    return reshapeTo(graph, graph.emit("Mul", [parted, graph.constant(scale)]), shape);
  };
  return (graph, coefficients) => {
    const { image, pullback } = colours(graph, sums.forward(graph, scaled(graph, coefficients)));
    return {
      image,
      pullback: (cotangent) => scaled(graph, sums.adjoint(graph, pullback(cotangent))),
    };
  };
}

/** s / (4 H W), the last because the sums do not divide; [groups, 1, members, ky, planes]. */
function spectrumScale(
  layout: SpectrumLayout,
  decay: number,
  halvingFrequency = Number.POSITIVE_INFINITY,
): FloatTensor {
  const { height, width } = layout.size;
  const [groups, parts, rows, planes] = coefficientShape(layout);
  const perPart = (parts / 2) * rows * planes;
  const lowest = 1 / Math.max(height, width);
  const frequency = (kx: number, ky: number) =>
    Math.max(Math.hypot(Math.min(Math.abs(kx), width - kx) / width, ky / height), lowest);
  let [asLucid, asHere] = [0, 0];
  eachFrequency(layout, (kx, ky) => {
    const f = frequency(kx, ky);
    asLucid += f ** -2;
    asHere += f ** (-2 * decay);
  });
  const factor = Math.sqrt(asLucid / asHere) / (4 * Math.sqrt(height * width));
  const data = new Float32Array(groups * perPart);
  eachFrequency(layout, (kx, ky, real) => {
    // the imaginary parts of the groups before are left out
    const at = real - Math.floor(real / (2 * perPart)) * perPart;
    const f = frequency(kx, ky);
    data.fill(factor * f ** -decay * 2 ** -((f / halvingFrequency) ** 2), at, at + planes);
  });
  return floatTensor([groups, 1, parts / 2, rows, planes], data);
}
