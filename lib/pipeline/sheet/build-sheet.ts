import { ImageError } from "../../image/errors.ts";
import { decodeImage, encodePng } from "../../image/png.ts";
import type { Raster, Size } from "../../image/raster.ts";
import { drawSheet, type SheetTile } from "../../image/sheet.ts";
import { layoutRows, sheetLayout, type SheetLayout } from "../../image/sheet-layout.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { deepZoomDescriptor, writeDeepZoom } from "./deep-zoom.ts";
import { DamagedObjectError, PNG_TYPE, XML_TYPE } from "../json.ts";
import { deepZoomKey, deepZoomTileKey, montageKey, montagePageKey } from "../keys.ts";
import { MAX_PAGE_SIDE_PX, MAX_SHEET_SIDE_PX, MAX_WHOLE_SHEET_PIXELS } from "../limits.ts";
import type { JobPlan } from "../job/plan.ts";
import type { ChannelResult } from "../job/result.ts";
import { pageLayouts } from "./sheet-pages.ts";

/** What was built, and under which keys. */
export interface BuiltSheet {
  readonly layout: SheetLayout;
  /** One image: the sheet, or where that is too large, a reduced one. */
  readonly montage: { readonly key: string } & Size;
  /** In reading order; none where the sheet is one image. */
  readonly pages: readonly ({ readonly key: string } & Size)[];
  readonly deepZoom: { readonly key: string } | null;
}

/** When a sheet is cut up; tests set these lower. */
export interface SheetLimits {
  readonly maxSide: number;
  readonly maxPixels: number;
  readonly maxPageSide: number;
}

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
  store: ObjectStore,
  plan: JobPlan,
  results: ReadonlyMap<number, ChannelResult>,
  limits: SheetLimits = LIMITS,
): Promise<BuiltSheet> {
  const { jobId } = plan;
  const tiles = plan.channels.map((channel, i) =>
    sheetTile(store, channel, results.get(channel), plan.labels[i] ?? null),
  );
  const layout = layoutOf(plan);
  if (isWhole(layout, limits)) {
    const montage = await writePage(store, montageKey(jobId), layout, tiles);
    return { layout, montage, pages: [], deepZoom: null };
  }
  const pages = await writePages(store, jobId, pageLayouts(layout, limits.maxPageSide), tiles);
  const deepZoom = await writeZoom(store, jobId, layout, tiles);
  const reduced = reducedLayout(plan, layout, limits.maxPageSide);
  const montage = await writePage(store, montageKey(jobId), reduced, tiles);
  return { layout, montage, pages, deepZoom };
}

function sheetTile(
  store: ObjectStore,
  channel: number,
  result: ChannelResult | undefined,
  label: string | null,
): SheetTile {
  if (result?.state !== "ok") return { kind: "failed", channel, label };
  return { kind: "image", image: () => readTile(store, result.tile.key), label };
}

async function readTile(store: ObjectStore, key: string): Promise<Raster> {
  try {
    return await decodeImage(await store.get(key));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new DamagedObjectError(`'${key}' is not as it was written: ${error.message}`, {
      cause: error,
    });
  }
}

function layoutOf(plan: JobPlan): SheetLayout {
  return sheetLayout(
    { imageSize: plan.tileSize, labels: plan.labels },
    { ...plan.request.montage, title: titleOf(plan) },
  );
}

function titleOf({ request, layer }: JobPlan): string {
  return request.montage.title ?? `Layer ${layer.name} Features`;
}

function isWhole({ width, height }: Size, { maxSide, maxPixels }: SheetLimits): boolean {
  return Math.max(width, height) <= maxSide && width * height <= maxPixels;
}

/** The same grid in little, to look at as one image: without borders and labels. */
function reducedLayout(plan: JobPlan, layout: SheetLayout, maxSide: number): SheetLayout {
  const { rows, columns, thumbnail } = layout;
  const scale = maxSide / Math.max(layout.width, layout.height);
  const side = (length: number) => Math.max(1, Math.floor(length * scale));
  return sheetLayout(
    { imageSize: plan.tileSize, labels: plan.channels.map(() => null) },
    {
      gridSize: [rows, columns],
      thumbnailSize: [side(thumbnail.height), side(thumbnail.width)],
      backgroundColor: plan.request.montage.backgroundColor,
      title: titleOf(plan),
    },
  );
}

async function writePages(
  store: ObjectStore,
  jobId: string,
  layouts: readonly SheetLayout[],
  tiles: readonly SheetTile[],
): Promise<({ key: string } & Size)[]> {
  const pages: ({ key: string } & Size)[] = [];
  // one at a time: a page is up to 200 MB of pixels
  for (const [i, layout] of layouts.entries()) {
    pages.push(await writePage(store, montagePageKey(jobId, i + 1), layout, tiles));
  }
  return pages;
}

async function writePage(
  store: ObjectStore,
  key: string,
  layout: SheetLayout,
  tiles: readonly SheetTile[],
): Promise<{ key: string } & Size> {
  await store.put(key, await encodePng(await drawSheet(layout, tiles)), PNG_TYPE);
  return { key, width: layout.width, height: layout.height };
}

async function writeZoom(
  store: ObjectStore,
  jobId: string,
  layout: SheetLayout,
  tiles: readonly SheetTile[],
): Promise<{ key: string }> {
  await writeDeepZoom(layout, bandsOf(layout, tiles), async ({ level, column, row, raster }) => {
    const key = deepZoomTileKey(jobId, level, column, row);
    await store.put(key, await encodePng(raster), PNG_TYPE);
  });
  const key = deepZoomKey(jobId);
  await store.put(key, Buffer.from(deepZoomDescriptor(layout)), XML_TYPE);
  return { key };
}

async function* bandsOf(layout: SheetLayout, tiles: readonly SheetTile[]) {
  for (let row = 0; row < layout.rows; row++) {
    yield await drawSheet(layoutRows(layout, row, 1), tiles);
  }
}
