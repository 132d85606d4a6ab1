import { ImageError } from "../../image/errors.ts";
import { SHEET_SIDE_LIMITS } from "../../image/formats.ts";
import type { GridChoice } from "../../image/grid.ts";
import { decodeImage, encodePng, encodeSheet } from "../../image/png.ts";
import type { Raster, Size } from "../../image/raster.ts";
import { missingGlyphs } from "../../image/rendered-text.ts";
import { drawSheet, type SheetTile } from "../../image/sheet.ts";
import { layoutRows, sheetLayout, type SheetLayout } from "../../image/sheet-layout.ts";
import type { Job } from "../job/job.ts";
import type { JobPlan } from "../job/plan.ts";
import type { ChannelResult, OkResult } from "../job/result.ts";
import { DamagedObjectError } from "../json.ts";
import { MAX_PAGE_SIDE_PX, MAX_SHEET_SIDE_PX, MAX_WHOLE_SHEET_PIXELS } from "../limits.ts";
import { deepZoomDescriptor, writeDeepZoom } from "./deep-zoom.ts";
import { sheetDescription } from "./sheet-description.ts";
import { pageLayouts } from "./sheet-pages.ts";

/** An image in the bucket. */
export interface PlacedImage extends Size {
  readonly key: string;
}

/** What was built, and under which keys. */
export interface BuiltSheet {
  /** Channels that have a place in the layout, in its order. */
  readonly shown: readonly number[];
  /** Letters of title and labels that no font of the machine has; they are drawn as frames. */
  readonly missingGlyphs: string;
  readonly layout: SheetLayout;
  /** One image: the sheet, or where that is too large, a reduced one. */
  readonly montage: PlacedImage;
  /** In reading order; none where the sheet is one image. */
  readonly pages: readonly PlacedImage[];
  readonly deepZoom: { readonly key: string } | null;
}

/** When a sheet is cut up; tests set these lower. */
export interface SheetLimits {
  readonly maxSide: number;
  readonly maxPixels: number;
  readonly maxPageSide: number;
}

/** Of a thumbnail: ten letters of a label, px. */
const LEAST_LABELLED_PX = 64;

const LIMITS: SheetLimits = {
  maxSide: MAX_SHEET_SIDE_PX,
  maxPixels: MAX_WHOLE_SHEET_PIXELS,
  maxPageSide: MAX_PAGE_SIDE_PX,
};

/**
 * Builds the sheet of a job whose channels have all ended and writes it to the bucket. Built again
 * it has the same bytes: it depends on plan and results alone.
 */
export async function buildSheet(
  job: Job,
  results: ReadonlyMap<number, ChannelResult>,
  limits: SheetLimits = LIMITS,
): Promise<BuiltSheet> {
  const plan = await job.plan();
  const shown = shownPlaces(plan, results);
  const tiles = shown.map((i): SheetTile => {
    const channel = plan.channels[i]!;
    const result = results.get(channel);
    const label = labelOf(plan, i);
    if (result?.state !== "ok") return { kind: "failed", channel, label };
    return { kind: "image", image: () => readTile(job, result), label };
  });
  const { tileSize: imageSize, request } = plan;
  const labels = tiles.map(({ label }) => label);
  const isWhole = shown.length === plan.channels.length;
  const layout = sheetLayout(
    { imageSize, labels },
    { ...request.montage, gridSize: gridOf(plan, isWhole), title: titleOf(plan) },
  );
  const about = {
    layout,
    shown: shown.map((i) => plan.channels[i]!),
    missingGlyphs: await missingIn(layout),
  };
  const { format = "png" } = request.montage;
  const placed = async (
    part: SheetLayout,
    write: (file: Uint8Array) => Promise<string>,
  ): Promise<PlacedImage> => {
    const file = await encodeSheet(await drawSheet(part, tiles), format, sheetDescription(plan));
    return { key: await write(file), width: part.width, height: part.height };
  };
  const montageOf = (part: SheetLayout) =>
    placed(part, (file) => job.images.writeSheet(file, format));
  const { width, height } = layout;
  const maxSide = Math.min(limits.maxSide, SHEET_SIDE_LIMITS[format]);
  if (Math.max(width, height) <= maxSide && width * height <= limits.maxPixels) {
    return { ...about, montage: await montageOf(layout), pages: [], deepZoom: null };
  }
  const pages: PlacedImage[] = [];
  // one at a time: a page is up to 200 MB of pixels
  for (const [i, page] of pageLayouts(layout, limits.maxPageSide).entries()) {
    pages.push(await placed(page, (file) => job.images.writePage(i + 1, file, format)));
  }
  const deepZoom = await writeZoom(job, layout, tiles);
  const montage = await montageOf(reducedLayout(plan, layout, labels, limits.maxPageSide));
  return { ...about, montage, pages, deepZoom };
}

/**
 * Which of the plan's channels the sheet has, by their places in the plan. Where fewer than half of
 * them have images, as after a cancel, it has those alone: nobody looks at hundreds of crosses. One
 * cross stands for all where there is no image.
 */
function shownPlaces(
  { channels }: JobPlan,
  results: ReadonlyMap<number, ChannelResult>,
): readonly number[] {
  const all = [...channels.keys()];
  const drawn = all.filter((i) => results.get(channels[i]!)?.state === "ok");
  if (drawn.length >= all.length / 2) return all;
  return drawn.length > 0 ? drawn : all.slice(0, 1);
}

async function missingIn({ title, tiles }: SheetLayout): Promise<string> {
  const lines = [title, ...tiles.map(({ label }) => label)].filter((line) => line !== null);
  const missing = new Set<string>();
  for (const line of lines) for (const letter of await missingGlyphs(line)) missing.add(letter);
  return [...missing].join("");
}

async function readTile(job: Job, { tile }: OkResult): Promise<Raster> {
  try {
    return await decodeImage(await job.images.readTile(tile));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new DamagedObjectError(`'${tile.key}' is not as it was written: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * What was asked for, or what leaves no place empty; deepDreamImage's sheets are imtile's, pixel
 * for pixel.
 */
function gridOf({ request: { method, montage } }: JobPlan, isWhole: boolean): GridChoice {
  // a grid that was asked for is one of all images
  const asked = isWhole ? montage.gridSize : null;
  return asked ?? (method === "fourier" ? "full" : null);
}

/**
 * What stands under an image: its label, or its channel's number as labels of targets have it.
 * deepDreamImage's sheets have none, unless they are asked for.
 *
 * @param i its place in the plan
 */
function labelOf({ request, channels, labels }: JobPlan, i: number): string | null {
  const { montage, method } = request;
  if (montage.labels?.length === 0) return null;
  const isNumbered =
    montage.labels === "numbers" || (montage.labels === null && method === "fourier");
  return labels[i] ?? (isNumbered ? `#${channels[i]}` : null);
}

function titleOf({ request, layer }: JobPlan): string {
  return request.montage.title ?? `Layer ${layer.name} Features`;
}

/**
 * The same grid, smaller, to look at as one image: without borders, and without labels where they
 * would have no room.
 */
function reducedLayout(
  plan: JobPlan,
  { rows, columns, thumbnail }: SheetLayout,
  labels: readonly (string | null)[],
  maxSide: number,
): SheetLayout {
  const [tilesWidth, tilesHeight] = [columns * thumbnail.width, rows * thumbnail.height];
  const fitting = (own: readonly (string | null)[]) => {
    const reduced = (scale: number) => {
      const side = (length: number) => Math.max(1, Math.floor(length * scale));
      return sheetLayout(
        { imageSize: plan.tileSize, labels: own },
        {
          gridSize: [rows, columns],
          thumbnailSize: [side(thumbnail.height), side(thumbnail.width)],
          backgroundColor: plan.request.montage.backgroundColor,
          title: titleOf(plan),
        },
      );
    };
    const scale = Math.min(1, maxSide / tilesWidth, maxSide / tilesHeight);
    const first = reduced(scale);
    // title and labels are no smaller by as much
    const stripsHeight = first.height - rows * first.thumbnail.height;
    return reduced(Math.min(scale, (maxSide - stripsHeight) / tilesHeight));
  };
  const labelled = fitting(labels);
  const isRoom = labelled.thumbnail.width >= LEAST_LABELLED_PX;
  return isRoom ? labelled : fitting(labels.map(() => null));
}

async function writeZoom(
  { images }: Job,
  layout: SheetLayout,
  tiles: readonly SheetTile[],
): Promise<{ key: string }> {
  await writeDeepZoom(layout, bandsOf(layout, tiles), async ({ raster, ...place }) =>
    images.writeDeepZoomPiece(place, await encodePng(raster)),
  );
  return { key: await images.writeDeepZoom(deepZoomDescriptor(layout)) };
}

async function* bandsOf(layout: SheetLayout, tiles: readonly SheetTile[]) {
  for (let row = 0; row < layout.rows; row++) {
    yield await drawSheet(layoutRows(layout, row, 1), tiles);
  }
}
