import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { Provider } from "../../../autodiff/provider.ts";
import type { Parameterisation } from "../parts.ts";
import { type CppnImage, cppnPainter, cppnParameterShape } from "./cppn.ts";
import { type EllipseImage, ellipseParameterShape } from "./ellipse-parameters.ts";
import { ellipsePainter } from "./ellipses.ts";
import { fourier, type FourierImage, fourierParameterShape } from "./fourier.ts";
import { emitPainting, painted } from "./painting.ts";

/** How the parameters of an ascent by Adam become an image. */
export type ParameterImage = FourierImage | EllipseImage | CppnImage;

/** In each iteration. */
export function parameterisationOf(image: ParameterImage, provider: Provider): Parameterisation {
  if (isOfEllipses(image)) return painted(image, ellipsePainter(image));
  if (isOfCppn(image)) return painted(image, cppnPainter(image, provider));
  return fourier(image);
}

/** Of one image's parameters. */
export function parameterShape(image: ParameterImage): readonly number[] {
  if (isOfEllipses(image)) return ellipseParameterShape(image);
  return isOfCppn(image) ? cppnParameterShape(image) : fourierParameterShape(image);
}

/** Emits the image that is kept, [N, planes, H, W], from parameters [N, ...parameterShape]. */
export function emitKept(
  graph: GraphBuilder,
  image: ParameterImage,
  parameters: Value,
  provider: Provider,
): Value {
  if (isOfEllipses(image)) return emitPainting(graph, image, ellipsePainter(image), parameters);
  if (isOfCppn(image)) return emitPainting(graph, image, cppnPainter(image, provider), parameters);
  return fourier(image)(graph, parameters).image;
}

export function isOfEllipses(image: ParameterImage): image is EllipseImage {
  return "ellipses" in image;
}

/** Whether it has a colour at every point, and can be painted in any number of pixels. */
export function isPainted(image: ParameterImage): image is EllipseImage | CppnImage {
  return isOfEllipses(image) || isOfCppn(image);
}

function isOfCppn(image: ParameterImage): image is CppnImage {
  return "cppnLayers" in image;
}
