import { divergingColour } from "../../lib/image/diverging-colour.ts";
import { filledRaster, type Raster, type Size } from "../../lib/image/raster.ts";
import { type CircuitLink, COLOURS } from "../../lib/pipeline/networks/circuit-schema.ts";

const WHITE = [255, 255, 255] as const;
/** Between cells that are large enough for lines. */
const LINE = [208, 208, 208] as const;
const LEAST_CELL = 8;

/**
 * A kernel as squares, red where it excites, blue where it inhibits, white where it does neither;
 * white as a whole where its weights are not told.
 *
 * @param largest |weight| of all kernels that are shown together: the strongest colour
 */
export function drawKernel({ kernel }: CircuitLink, largest: number, size: Size): Raster {
  const { rows, columns, weights } = kernel;
  const side = Math.min(size.width / columns, size.height / rows);
  return drawn(size, (x, y) => {
    const [row, column] = [Math.floor(y / side), Math.floor(x / side)];
    if (row >= rows || column >= columns || weights === null) return WHITE;
    const isLine = side >= LEAST_CELL && (x % side < 1 || y % side < 1);
    return isLine ? LINE : divergingColour(weights[row * columns + column]!, largest);
  });
}

/**
 * The weights of a first convolution as one picture, grey being 0: the colours that it looks for;
 * `null` where these are not red, green and blue of one kernel.
 */
export function drawColourFilter(sources: readonly CircuitLink[], size: Size): Raster | null {
  const planes = COLOURS.map((colour) => sources.find((source) => source.colour === colour));
  const [first] = planes;
  if (sources.length !== planes.length || first === undefined) return null;
  const weights = planes.map((plane) => plane?.kernel.weights ?? null);
  if (weights.some((each) => each === null)) return null;
  const { rows, columns } = first.kernel;
  const largest = Math.max(...weights.flatMap((each) => each!.map(Math.abs)));
  return drawn(size, (x, y) => {
    const row = Math.floor((y * rows) / size.height);
    const column = Math.floor((x * columns) / size.width);
    return weights.map((each) => {
      const share = largest > 0 ? each![row * columns + column]! / largest : 0;
      return Math.round(127.5 + 127.5 * share);
    });
  });
}

function drawn(size: Size, colourAt: (x: number, y: number) => readonly number[]): Raster {
  const raster = filledRaster(size, [...WHITE]);
  for (let pixel = 0; pixel < size.width * size.height; pixel++) {
    const colour = colourAt(pixel % size.width, Math.floor(pixel / size.width));
    raster.data.set(colour, 3 * pixel);
  }
  return raster;
}
