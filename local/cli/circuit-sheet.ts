import { resizeRaster } from "../../lib/image/png.ts";
import { copyInto, filledRaster, type Raster, type Size } from "../../lib/image/raster.ts";
import type { SheetTile } from "../../lib/image/sheet.ts";
import { readPicture } from "../../lib/image/user-file.ts";
import type { CircuitLink } from "../../lib/pipeline/networks/circuit-schema.ts";
import type { ShownCircuit } from "./circuit-report.ts";
import { drawColourFilter, drawKernel } from "./kernel-picture.ts";
import { signed } from "./report.ts";
import { type SheetPicture, sheetPictures } from "./sheet-pictures.ts";
import { imageTile, writeSheet } from "./write-sheet.ts";

const TILE: Size = { width: 224, height: 224 };
/** Of a kernel in the corner of a picture, in a frame. */
const KERNEL: Size = { width: 72, height: 72 };
const FRAME = 2;

/**
 * Writes the channel's picture and behind it in one row those of the channels that excite it, in
 * another those that inhibit it, each with its weights in a corner. Of the image's planes, which have
 * no pictures, the weights are one picture in colours.
 *
 * @param out path of a PNG
 * @param manifestOf path of the manifest that has a layer's pictures; `null` where it is not drawn
 */
export async function writeCircuitSheet(
  out: string,
  circuit: ShownCircuit,
  manifestOf: (layer: number) => string | null,
): Promise<void> {
  const { layer, channel, label, sources, exciting, inhibiting } = circuit;
  const shown = [...exciting, ...inhibiting];
  const from = commonBeginning(shown.map((source) => source.layer.name));
  const pictures = new Map<number, readonly SheetPicture[]>();
  const picture = async (of: number, at: number): Promise<Raster | null> => {
    const manifest = manifestOf(of);
    if (!pictures.has(of) && manifest !== null) {
      pictures.set(of, (await sheetPictures(manifest)).pictures);
    }
    const path = pictures.get(of)?.find((each) => each.channel === at)?.path ?? null;
    return path === null ? null : resizeRaster(await readPicture(path), TILE);
  };
  const largest = largestOf(shown);
  const tileOf = async (source: CircuitLink): Promise<SheetTile> => {
    const own = await picture(source.layer.index, source.channel);
    const name = `${source.layer.name.slice(from.length)} #${source.channel}`.trim();
    const image =
      own === null ? drawKernel(source, largest, TILE) : withKernel(own, source, largest);
    return imageTile(image, `${name}  ${signed(source.sum)}`);
  };
  const drawn = await picture(layer.index, channel);
  const own: SheetTile =
    drawn === null ? { kind: "failed", channel, label } : imageTile(drawn, label);
  const filter = drawColourFilter(sources, TILE);
  const rows = filter === null ? [exciting, inhibiting].filter((row) => row.length > 0) : [];
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const tiles = filter === null ? [] : [own, imageTile(filter, "its weights")];
  // all weights may be 0
  if (filter === null && rows.length === 0) tiles.push(own);
  for (const [i, row] of rows.entries()) {
    tiles.push(i === 0 ? own : BLANK);
    for (const source of row) tiles.push(await tileOf(source));
    while (tiles.length % (1 + columns) > 0) tiles.push(BLANK);
  }
  const of = from === "" ? "" : ` of ${from.replace(SEPARATOR_AT_END, "")}`;
  await writeSheet(out, tiles, {
    columns: 1 + columns,
    tile: TILE,
    title: `${layer.name} ${label}: what${of} excites it, and what inhibits it`,
  });
}

const SEPARATOR_AT_END = /[-./_: ]$/;

/** What names of layers have in common, whole words of it. */
function commonBeginning([first = "", ...names]: readonly string[]): string {
  if (names.every((name) => name === first)) return first;
  let length = first.length;
  for (const name of names) while (!name.startsWith(first.slice(0, length))) length--;
  while (length > 0 && !SEPARATOR_AT_END.test(first.slice(0, length))) length--;
  return first.slice(0, length);
}

function largestOf(sources: readonly CircuitLink[]): number {
  const weights = sources.flatMap(({ kernel }) => kernel.weights ?? []);
  return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
}

/** As the sheet around it. */
const BLANK = imageTile(filledRaster(TILE, [0, 0, 0]));

/** A picture with its kernel in the corner at the bottom right, where its weights are told. */
function withKernel(picture: Raster, source: CircuitLink, largest: number): Raster {
  if (source.kernel.weights === null) return picture;
  const { width, height } = KERNEL;
  const whole: Raster = { ...picture, data: picture.data.slice() };
  const [x, y] = [picture.width - width, picture.height - height];
  const frame = filledRaster({ width: width + FRAME, height: height + FRAME }, [0, 0, 0]);
  copyInto(whole, frame, x - FRAME, y - FRAME);
  copyInto(whole, drawKernel(source, largest, KERNEL), x, y);
  return whole;
}
