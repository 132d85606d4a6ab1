import { ImageError } from "../../image/errors.ts";
import { greyPlane, planesIn } from "../../image/picture.ts";
import { resizeRaster } from "../../image/png.ts";
import { addToPlanes, type Planes, type Raster, type Size, toPlanes } from "../../image/raster.ts";
import { isOfColours, type NetworkModel, planeKind } from "../graph/layer-pass.ts";
import { startColour } from "./start-colour.ts";

/**
 * A picture as the network counts pixels: less its mean, planes in its order; the graph scales
 * them.
 *
 * @param picture planes of 0..255: red, green and blue, or the network's own where they are no
 * colours
 */
export function toNetworkPlanes(
  { width, height, data }: Planes,
  { planes, mean }: NetworkModel,
): Planes {
  const pixels = width * height;
  const result = new Float32Array(data.length);
  planes.forEach((colour, plane) => {
    const [from, to, less] = [(colour ?? plane) * pixels, plane * pixels, mean[plane]!];
    for (let i = 0; i < pixels; i++) result[to + i] = data[from + i]! - less;
  });
  return { width, height, data: result };
}

/** An image as the network's input has it: [planes, H, W] times one factor per plane. */
export function asNetworkInput(
  { width, height, data }: Planes,
  { scale }: Pick<NetworkModel, "scale">,
): Float32Array {
  const pixels = width * height;
  return data.map((value, i) => value * scale[Math.floor(i / pixels)]!);
}

/**
 * The network's planes as red, green and blue, in place: of a poster every copy counts.
 *
 * @param unit an ascent that began with noise is "centred" on zero, the mid-grey of its start; one
 *   that began with a photograph gets the mean back, and has "pixels" of 0..255
 */
export function toColourPlanes(
  image: Planes,
  { planes, mean }: NetworkModel,
  unit: "centred" | "pixels",
): Planes {
  const offsets = unit === "pixels" ? mean : startColour({ mean }).map((zero) => -zero);
  const { width, height, data } = addToPlanes(image, offsets);
  if (planes[0] === 2) {
    // blue, green, red
    const pixels = width * height;
    const first = data.slice(0, pixels);
    data.copyWithin(0, 2 * pixels);
    data.set(first, 2 * pixels);
  }
  return { width, height, data };
}

/** What keeps photographs from being a network's images. */
export const noPhotograph = ({ planes }: Pick<NetworkModel, "planes">) =>
  `${planes.length} planes that are no colours, which no photograph has`;

/** Whether a photograph can be made a network's image: it has red, green and blue, and a grey. */
export function takesPhotographs({ planes }: Pick<NetworkModel, "planes">): boolean {
  return isOfColours(planes) || planes.length === 1;
}

/**
 * A photograph as planes of 0..255: red, green and blue, or its luminance for a network of one
 * plane.
 *
 * @throws ImageError if the network's images are no such thing
 */
export function photographPlanes(
  picture: Raster,
  { planes }: Pick<NetworkModel, "planes">,
): Planes {
  if (isOfColours(planes)) return toPlanes(picture);
  if (planes.length === 1) return greyPlane(picture);
  throw new ImageError(`the network's images have ${noPhotograph({ planes })}`);
}

/** The same of a photograph of any size, resized to what the network sees, whatever the aspect. */
export async function seenPlanes(picture: Raster, network: NetworkModel): Promise<Planes> {
  return photographPlanes(await resizeRaster(picture, network.inputSize), network);
}

/**
 * The planes that a picture of a network's shows, of 0..255, each resized (Lanczos-3) by itself.
 *
 * @param picture as `pictureOf` makes it
 */
export async function shownPlanes(
  picture: Raster,
  { planes }: Pick<NetworkModel, "planes">,
  size: Size,
): Promise<Planes> {
  if (isOfColours(planes)) return toPlanes(await resizeRaster(picture, size));
  const { width, height, data } = planesIn(picture, planeKind(planes), planes.length);
  const pixels = width * height;
  const resized = new Float32Array(planes.length * size.width * size.height);
  for (let plane = 0; plane < planes.length; plane++) {
    const values = data.subarray(plane * pixels, (plane + 1) * pixels);
    const grey = new Uint8Array(3 * pixels);
    values.forEach((value, i) => grey.fill(value, 3 * i, 3 * i + 3));
    const { data: bytes } = await resizeRaster({ width, height, data: grey }, size);
    const from = plane * size.width * size.height;
    for (let i = 0; i < size.width * size.height; i++) resized[from + i] = bytes[3 * i]!;
  }
  return { width: size.width, height: size.height, data: resized };
}
