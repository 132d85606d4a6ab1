import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { Parameterisation } from "../parts.ts";
import { type EllipseImage, ellipseParameterShape } from "./ellipse-parameters.ts";
import { ellipsePainting, ellipses } from "./ellipses.ts";
import { fourier, type FourierImage, fourierParameterShape } from "./fourier.ts";

/** How the parameters of an ascent by Adam become an image. */
export type ParameterImage = FourierImage | EllipseImage;

/** In each iteration. */
export function parameterisationOf(image: ParameterImage): Parameterisation {
  return isOfEllipses(image) ? ellipses(image) : fourier(image);
}

/** Of one image's parameters. */
export function parameterShape(image: ParameterImage): readonly number[] {
  return isOfEllipses(image) ? ellipseParameterShape(image) : fourierParameterShape(image);
}

/** Emits the image that is kept, [N, planes, H, W], from parameters [N, ...parameterShape]. */
export function emitKept(graph: GraphBuilder, image: ParameterImage, parameters: Value): Value {
  if (isOfEllipses(image)) return ellipsePainting(graph, image, parameters);
  return fourier(image)(graph, parameters).image;
}

export function isOfEllipses(image: ParameterImage): image is EllipseImage {
  return "ellipses" in image;
}
