import { animatedSize, MOST_FRAMES } from "../../image/animation.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { iteratedCanvas } from "../../optvis/ascent/affine-draws.ts";
import {
  imageShapeOf,
  type NetworkModel,
  type TargetLayer,
} from "../../optvis/graph/layer-pass.ts";
import { FLOAT_BYTES, passBytes } from "../../optvis/graph/pass-memory.ts";
import { isPaintedIn, numbersHeld } from "../../optvis/graph/parameterisation/painting.ts";
import {
  type KeptAxis,
  spectrumLayout,
} from "../../optvis/graph/parameterisation/spectrum-layout.ts";
import type { Size } from "../../image/raster.ts";
import type { Drawing } from "./work-seconds.ts";

/*
 * Of the process, measured with crops of 1,024 and 2,048 pixels on one thread of a CPU. An image of
 * GoogLeNet and emojinet took 1.1 to 1.2 times what the sum below says; of small networks built as
 * AlexNet, VGG, ResNet-18, SE-ResNet, DenseNet, EfficientNet and MobileNet v2 0.7 to 0.9 times.
 */

/** Of what a pass computes: the rest is where other values have been. */
const PASS_SHARE = 0.5;
/** What the network sees, where each pixel is read from, and their gradients. */
const CROPS = 36;
/** The image, its coefficients and their moments. */
const CANVASES = 10;
/** A painting as it is kept: all of its rows, in order, as planes and as a file; of 4,096 px 1.1 GB. */
const PAINTINGS = 5;
/**
 * Copies of the matrices of a canvas's Fourier sums: there and back, as they are read, packed and
 * kept. Of sides with small factors they take little; of one of 4,093 px, a prime, 1.4 GB.
 */
const SUMS = 5.5;
/**
 * Of an animation's frames: as numbers until the image has ended, then as bytes too. 30 of 512 px
 * took 162 MB as WebP and 164 MB as GIF.
 */
const FRAMES = 1.7 * MOST_FRAMES;
/** Of the process itself, however many images it draws at once. */
export const PROCESS_BYTES = 200e6;

/**
 * Memory that a process takes while it draws one image by `fourier`, in bytes.
 *
 * @returns `null` for `deepdream`, which sees what is large in crops of its own choice
 * @throws ModelError: as the rendering would
 */
export function workBytes(
  { model }: NetworkModel,
  layer: TargetLayer,
  drawing: Drawing,
): number | null {
  if (drawing.method !== "fourier") return null;
  const { cropSize, canvasSize, highestFrequency, together, animation } = drawing;
  const imageShape = imageShapeOf(model, together, cropSize);
  const imageBytes = (size: Size) => FLOAT_BYTES * sizeOf(imageShapeOf(model, together, size));
  const canvasBytes = isPaintedIn(drawing)
    ? Math.max(
        CANVASES * imageBytes(iteratedCanvas(canvasSize, cropSize)),
        PAINTINGS * imageBytes(canvasSize),
      ) +
      FLOAT_BYTES * together * numbersHeld(canvasSize, drawing)
    : CANVASES * imageBytes(canvasSize) + SUMS * sumBytes(canvasSize, highestFrequency);
  return (
    PROCESS_BYTES +
    PASS_SHARE * passBytes({ model, layer, imageShape }) +
    CROPS * imageBytes(cropSize) +
    canvasBytes +
    (animation === undefined ? 0 : FRAMES * imageBytes(animatedSize(canvasSize)))
  );
}

/** The larger matrices of the sums along both axes, see `frequency-sums.ts`. */
function sumBytes(canvas: Size, highestFrequency: number): number {
  const { across, down } = spectrumLayout(canvas, 1, highestFrequency);
  const elements = ({ groups, members, perGroup }: KeptAxis) =>
    groups * (2 * members) * (2 * perGroup);
  return FLOAT_BYTES * (elements(across) + elements(down));
}
