import type { Size } from "../../../image/raster.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../../onnx/tensor.ts";
import type { Parameterisation } from "../parts.ts";
import { decorrelatedColours } from "./decorrelated-colours.ts";
import { frequencySums } from "./frequency-sums.ts";
import { coefficientShape, eachFrequency, spectrumLayout } from "./spectrum-layout.ts";

/** How the parameters of a Fourier ascent become an image. */
export interface FourierImage {
  readonly size: Size;
  /** The spectrum falls as 1 / frequency^decay; 1 is that of photographs, and Lucid's. */
  readonly spectrumDecay: number;
  /** Factor of the two colour differences; 1 is Lucid's. */
  readonly saturation: number;
  /** Which of red (0), green (1) and blue (2) each of the network's planes is. */
  readonly planes: readonly number[];
}

/**
 * The parameters are the coefficients of the image's decorrelated colours, scaled so that all
 * frequencies are found equally fast:
 *
 *     z = irfft2(s c) / 4,   s(f) = m sqrt(H W) / max(f, 1 / max(H, W))^decay,  f in cycles a pixel
 *
 * with m such that z has the variance that a decay of 1 gives it. The image is centred on mid-grey.
 *
 * Coefficients: [N, ...coefficientShape], see spectrum-layout.ts.
 *
 * Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017, and the constants
 * of their Lucid.
 */
export function fourier({
  size,
  spectrumDecay,
  saturation,
  planes,
}: FourierImage): Parameterisation {
  const layout = spectrumLayout(size);
  const scale = spectrumScale(size, spectrumDecay);
  const sums = frequencySums(layout);
  const colours = decorrelatedColours(saturation, planes);
  return (graph, coefficients) => {
    const scaled = graph.emit("Mul", [coefficients, graph.constant(scale)]);
    const { image, pullback } = colours(graph, sums.forward(graph, scaled));
    return {
      image,
      pullback: (cotangent) => {
        const gradient = sums.adjoint(graph, pullback(cotangent));
        return graph.emit("Mul", [gradient, graph.constant(scale)]);
      },
    };
  };
}

/** s / (4 H W), the last because the sums do not divide; [groups, 2 * members, ky]. */
export function spectrumScale(size: Size, decay: number): FloatTensor {
  const { height, width } = size;
  const layout = spectrumLayout(size);
  const [, ...shape] = coefficientShape(layout);
  const lowest = 1 / Math.max(height, width);
  const frequency = (kx: number, ky: number) =>
    Math.max(Math.hypot(Math.min(kx, width - kx) / width, ky / height), lowest);
  let [asLucid, asHere] = [0, 0];
  eachFrequency(layout, (kx, ky) => {
    const f = frequency(kx, ky);
    asLucid += f ** -2;
    asHere += f ** (-2 * decay);
  });
  const factor = Math.sqrt(asLucid / asHere) / (4 * Math.sqrt(height * width));
  const data = new Float32Array(sizeOf(shape));
  eachFrequency(layout, (kx, ky, real, imaginary) => {
    const value = factor * frequency(kx, ky) ** -decay;
    data[real] = value;
    data[imaginary] = value;
  });
  return floatTensor(shape, data);
}
