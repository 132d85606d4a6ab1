import type { Planes } from "../../image/raster.ts";
import type { NetworkModel } from "../graph/layer-pass.ts";

/**
 * A picture as the network counts pixels: less its mean, planes in its order; the graph scales
 * them.
 *
 * @param picture red, green and blue planes of 0..255
 */
export function toNetworkPlanes(
  { width, height, data }: Planes,
  { planes, mean }: NetworkModel,
): Planes {
  const pixels = width * height;
  const result = new Float32Array(data.length);
  planes.forEach((colour, plane) => {
    for (let i = 0; i < pixels; i++) {
      result[plane * pixels + i] = data[colour * pixels + i]! - mean[plane]!;
    }
  });
  return { width, height, data: result };
}
