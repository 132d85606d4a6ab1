import type { Rectangle, Size } from "../../image/raster.ts";
import { DatasetExamples } from "../../optvis/dataset-examples/dataset-examples.ts";
import { layerMaxima } from "../../optvis/dataset-examples/maxima.ts";
import { classLabels } from "../explain/class-layer.ts";
import { EXAMPLES_OF_CHANNEL } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import type { Part } from "./channel-examples.ts";
import { lookAtPhotographs, type Looking } from "./look-at-photographs.ts";
import { partsSeen } from "./parts-seen.ts";
import {
  type GivenImages,
  givenPhotographs,
  type ImageReference,
  type LeftOutImage,
} from "./photographs.ts";

export interface AskedOfDataset {
  /** Name or 1-based index. */
  readonly layer: string | number;
  readonly images: GivenImages;
  /** Examples of each channel, at most. @default 9 */
  readonly count?: number;
}

/** The images that excite each channel of a layer most, as programs read it. */
export interface LayerDatasetExamples {
  readonly layer: { readonly index: number; readonly name: string };
  /** All of the layer's, channel 1 first. */
  readonly channels: readonly ChannelDatasetExamples[];
  readonly leftOut: readonly LeftOutImage[];
}

export interface ChannelDatasetExamples {
  /** 1-based. */
  readonly channel: number;
  /** The name of the channel's class, or "#" and its number. */
  readonly label: string;
  /** The strongest first; none is 0, which a rectified channel is where nothing excites it. */
  readonly examples: readonly ImageExample[];
}

/**
 * An image that excites a channel. Where, in the image's own pixels, turned upright as its EXIF data
 * says.
 */
export interface ImageExample extends ImageReference {
  /** The largest value of the channel's map. */
  readonly activation: number;
  /** Where that is; `null`: of the channel's places none lies on an image, as of classes. */
  readonly place: Rectangle | null;
  /** All that the channel looks at there, the receptive field, as far as it lies on the image. */
  readonly field: Rectangle | null;
}

/**
 * Finds the images that excite each channel of a layer most, in one forward pass of each.
 *
 * @throws RequestError for a layer that is not there; as `givenPhotographs`, `lookAtPhotographs`
 */
export async function layerExamples(
  network: AnalysedNetwork,
  { layer: reference, images, count = EXAMPLES_OF_CHANNEL }: AskedOfDataset,
  looking: Looking,
): Promise<LayerDatasetExamples> {
  const layer = requestedLayer({ layer: reference }, network);
  const { photographs, referenceTo, leftOutOf } = await givenPhotographs(images);
  const found = new DatasetExamples(layer.channels, count);
  const sizes = new Map<number, Size>();
  const { leftOut } = await lookAtPhotographs(photographs, network, looking, async (photo) => {
    const [maxima] = await layerMaxima(photo.engine, network.model, [layer], photo.planes);
    found.add(photo.photograph, maxima!);
    sizes.set(photo.photograph, photo.size);
  });
  const seenAt = partsSeen(network);
  const labelOf = classLabels({ layer }, network);
  const exampleOf = ({ image, activation, place }: ReturnType<typeof found.of>[number]) => {
    const seen = seenAt(layer, place);
    const inPixels = (part: Part) => pixelsOf(part, sizes.get(image)!);
    return {
      ...referenceTo(image),
      activation,
      place: seen && inPixels(seen.place),
      field: seen && inPixels(seen.field),
    };
  };
  return {
    layer: { index: layer.index, name: layer.name },
    channels: Array.from({ length: layer.channels }, (_, i) => ({
      channel: i + 1,
      label: labelOf(i + 1),
      examples: found.of(i + 1).map(exampleOf),
    })),
    leftOut: leftOutOf(leftOut),
  };
}

/** Of a pixel: less is rounding. */
const ROUNDING = 1e-6;

/** The whole pixels that a part of an image touches, at least one. */
function pixelsOf(part: Part, { width, height }: Size): Rectangle {
  const along = (start: number, length: number, pixels: number) => {
    const first = Math.min(Math.floor(start * pixels + ROUNDING), pixels - 1);
    return { first, count: Math.max(1, Math.ceil((start + length) * pixels - ROUNDING) - first) };
  };
  const [x, y] = [along(part.x, part.width, width), along(part.y, part.height, height)];
  return { x: x.first, y: y.first, width: x.count, height: y.count };
}
