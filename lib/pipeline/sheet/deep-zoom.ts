import type { Raster, Size } from "../../image/raster.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { DeepZoomFacts } from "../job/job-images.ts";
import type { DeepZoomPlace } from "../keys.ts";

/** Side of a piece in pixels; even, so that strips of it halve exactly. Pieces do not overlap. */
const DEEP_ZOOM_PIECE_PX = 256;

const PIECES_IN_FLIGHT = 8; // keeps cores and store busy; a strip may have hundreds

export interface DeepZoomPiece extends DeepZoomPlace {
  readonly raster: Raster;
}

/** The descriptor that viewers such as OpenSeadragon open. */
export function deepZoomDescriptor({ width, height }: Size): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="0" TileSize="${DEEP_ZOOM_PIECE_PX}">` +
    `<Size Width="${width}" Height="${height}"/></Image>\n`
  );
}

/** Whether a pyramid has the piece: all of them are there as soon as its descriptor is. */
export function hasPiece(
  { width, height, pieceSize }: DeepZoomFacts,
  { level, column, row }: DeepZoomPlace,
): boolean {
  const halvings = topLevel({ width, height }) - level;
  const pieces = (length: number) => Math.ceil(Math.ceil(length / 2 ** halvings) / pieceSize);
  return halvings >= 0 && column < pieces(width) && row < pieces(height);
}

/** The level of an image's own size; level 0 is one pixel. */
function topLevel({ width, height }: Size): number {
  return Math.ceil(Math.log2(Math.max(width, height)));
}

/**
 * Cuts an image into a Deep Zoom pyramid while it comes in from the top, so that memory holds a few
 * strips of it and never the whole. Each level is the one above at half the size (mean of 2 x 2).
 *
 * @param bands the image from top to bottom, each of the full width
 */
export async function writeDeepZoom(
  { width, height }: Size,
  bands: AsyncIterable<Raster> | Iterable<Raster>,
  write: (piece: DeepZoomPiece) => Promise<void>,
): Promise<void> {
  const level = new Level(width, topLevel({ width, height }), write);
  for await (const band of bands) await level.add(band);
  await level.end();
}

/** One level: gathers rows to a strip of pieces, and hands each strip on at half the size. */
class Level {
  readonly #width: number;
  readonly #index: number;
  readonly #write: (piece: DeepZoomPiece) => Promise<void>;
  readonly #strip: Uint8Array;
  readonly #smaller: Level | null;
  #filledRows = 0;
  #stripsDone = 0;

  constructor(width: number, index: number, write: (piece: DeepZoomPiece) => Promise<void>) {
    this.#width = width;
    this.#index = index;
    this.#write = write;
    this.#strip = new Uint8Array(width * DEEP_ZOOM_PIECE_PX * 3);
    this.#smaller = index === 0 ? null : new Level(Math.ceil(width / 2), index - 1, write);
  }

  async add({ width, height, data }: Raster): Promise<void> {
    if (width !== this.#width) {
      throw new Error(`internal: a band of ${width} pixels for a level of ${this.#width}`);
    }
    const rowBytes = width * 3;
    for (let row = 0; row < height;) {
      const rows = Math.min(height - row, DEEP_ZOOM_PIECE_PX - this.#filledRows);
      const bytes = data.subarray(row * rowBytes, (row + rows) * rowBytes);
      this.#strip.set(bytes, this.#filledRows * rowBytes);
      this.#filledRows += rows;
      row += rows;
      if (this.#filledRows === DEEP_ZOOM_PIECE_PX) await this.#flush();
    }
  }

  async end(): Promise<void> {
    if (this.#filledRows > 0) await this.#flush();
    await this.#smaller?.end();
  }

  async #flush(): Promise<void> {
    const data = this.#strip.subarray(0, this.#filledRows * this.#width * 3);
    const strip = { width: this.#width, height: this.#filledRows, data };
    const columns = Array.from(
      { length: Math.ceil(this.#width / DEEP_ZOOM_PIECE_PX) },
      (_, column) => column,
    );
    const row = this.#stripsDone;
    await mapConcurrently(
      columns,
      (column) =>
        this.#write({ level: this.#index, column, row, raster: cutColumn(strip, column) }),
      PIECES_IN_FLIGHT,
    );
    await this.#smaller?.add(halved(strip));
    this.#filledRows = 0;
    this.#stripsDone++;
  }
}

function cutColumn(strip: Raster, column: number): Raster {
  const left = column * DEEP_ZOOM_PIECE_PX;
  const width = Math.min(DEEP_ZOOM_PIECE_PX, strip.width - left);
  const data = new Uint8Array(width * strip.height * 3);
  for (let y = 0; y < strip.height; y++) {
    const from = (y * strip.width + left) * 3;
    data.set(strip.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height: strip.height, data };
}

/** Half the size, rounded up; each pixel the mean of up to four. */
function halved(source: Raster): Raster {
  const width = Math.ceil(source.width / 2);
  const height = Math.ceil(source.height / 2);
  const data = new Uint8Array(width * height * 3);
  const rowBytes = source.width * 3;
  for (let y = 0; y < height; y++) {
    const top = 2 * y * rowBytes;
    const bottom = Math.min(2 * y + 1, source.height - 1) * rowBytes;
    for (let x = 0; x < width; x++) {
      const left = 2 * x * 3;
      const right = Math.min(2 * x + 1, source.width - 1) * 3;
      for (let c = 0; c < 3; c++) {
        const sum =
          source.data[top + left + c]! +
          source.data[top + right + c]! +
          source.data[bottom + left + c]! +
          source.data[bottom + right + c]!;
        data[(y * width + x) * 3 + c] = Math.round(sum / 4);
      }
    }
  }
  return { width, height, data };
}
