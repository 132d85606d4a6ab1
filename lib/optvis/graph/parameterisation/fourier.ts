import type { Size } from "../../../image/raster.ts";
import { floatTensor, type FloatTensor } from "../../../onnx/tensor.ts";
import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { Parameterisation } from "../parts.ts";
import { planeColours } from "./decorrelated-colours.ts";
import { frequencySums } from "./frequency-sums.ts";
import { type ParameterisedSpectrum, phases } from "./phases.ts";
import {
  coefficientShape,
  eachFrequency,
  phaseShape,
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
  /**
   * What every coefficient's magnitude stays, before it is scaled: then the parameters are phases.
   * @default the parameters are the coefficients
   */
  readonly fixedMagnitude?: number;
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
 * With a fixed magnitude the parameters are the phases of c alone, see phases.ts.
 *
 * Parameters: [N, ...fourierParameterShape].
 *
 * Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017, and the constants
 * of their Lucid.
 */
export function fourier(canvas: FourierImage): Parameterisation {
  const { halvingFrequency, spectrumDecay, fixedMagnitude, saturation, planes } = canvas;
  const layout = layoutOf(canvas);
  const scale = spectrumScale(layout, spectrumDecay, halvingFrequency);
  const sums = frequencySums(layout);
  const colours = planeColours(saturation, planes);
  // real and imaginary parts are scaled alike
  const scaled = (graph: GraphBuilder, coefficients: Value) => {
    const shape = graph.shapeOf(coefficients);
    const [n = 1, groups = 1, parts = 1, ...row] = shape;
    const parted = reshapeTo(graph, coefficients, [n, groups, 2, parts / 2, ...row]);
    return reshapeTo(graph, graph.emit("Mul", [parted, graph.constant(scale)]), shape);
  };
  const free = (graph: GraphBuilder, coefficients: Value): ParameterisedSpectrum => ({
    spectrum: scaled(graph, coefficients),
    pullback: (cotangent) => scaled(graph, cotangent),
  });
  const spectrumOf =
    fixedMagnitude === undefined
      ? free
      : phases({ ...scale, data: scale.data.map((each) => each * fixedMagnitude) });
  return (graph, parameters) => {
    const { spectrum, pullback: ofSpectrum } = spectrumOf(graph, parameters);
    const { image, pullback } = colours(graph, sums.forward(graph, spectrum));
    return {
      image,
      pullback: (cotangent) => ofSpectrum(sums.adjoint(graph, pullback(cotangent))),
    };
  };
}

/** Of one image's parameters: its coefficients, or their phases; see spectrum-layout.ts. */
export function fourierParameterShape(canvas: FourierImage) {
  const layout = layoutOf(canvas);
  return canvas.fixedMagnitude === undefined ? coefficientShape(layout) : phaseShape(layout);
}

const layoutOf = ({ size, planes, highestFrequency }: FourierImage) =>
  spectrumLayout(size, planes.length, highestFrequency);

/** s / (4 H W), the last because the sums do not divide; [groups, 1, members, ky, planes]. */
function spectrumScale(
  layout: SpectrumLayout,
  decay: number,
  halvingFrequency = Number.POSITIVE_INFINITY,
): FloatTensor {
  const { height, width } = layout.size;
  const [groups, parts, rows, planes] = coefficientShape(layout);
  const lowest = 1 / Math.max(height, width);
  const frequency = (kx: number, ky: number) =>
    Math.max(Math.hypot(Math.min(Math.abs(kx), width - kx) / width, ky / height), lowest);
  let [asLucid, asHere] = [0, 0];
  eachFrequency(layout, ({ kx, ky }) => {
    const f = frequency(kx, ky);
    asLucid += f ** -2;
    asHere += f ** (-2 * decay);
  });
  const factor = Math.sqrt(asLucid / asHere) / (4 * Math.sqrt(height * width));
  const data = new Float32Array((groups * parts * rows * planes) / 2);
  eachFrequency(layout, ({ kx, ky, single }) => {
    const f = frequency(kx, ky);
    data.fill(factor * f ** -decay * 2 ** -((f / halvingFrequency) ** 2), single, single + planes);
  });
  return floatTensor([groups, 1, parts / 2, rows, planes], data);
}
