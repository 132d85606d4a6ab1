import { expect, test } from "vitest";

import type { SheetFormat } from "../../../lib/image/formats.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import type { Raster } from "../../../lib/image/raster.ts";
import { sheetLayout } from "../../../lib/image/sheet-layout.ts";
import { buildSheet } from "../../../lib/pipeline/sheet/build-sheet.ts";
import { resultOf } from "../../../lib/pipeline/job/result.ts";
import { tallyOf } from "../../../lib/pipeline/job/tally.ts";
import { sheetDescription } from "../../../lib/pipeline/sheet/sheet-description.ts";
import { sheetManifest } from "../../../lib/pipeline/sheet/sheet-manifest.ts";
import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { pageLayouts } from "../../../lib/pipeline/sheet/sheet-pages.ts";
import type { RenderRequestInput } from "../../../lib/pipeline/request/request.ts";
import { acceptRequest } from "../../../lib/pipeline/job/accept-request.ts";
import { deliveries, memoryPipeline, TINY_REQUEST } from "../../support/memory-pipeline.ts";

type Montage = RenderRequestInput["montage"];

async function renderedJob(format?: SheetFormat) {
  const pipeline = await memoryPipeline({ wideChannels: 23 });
  const plan = await pipeline.accept({
    channels: "all",
    // a title that two columns have room for
    montage: { title: "wide", gridSize: [4, 6], borderSize: 1, ...(format && { format }) },
  });
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
  const job = pipeline.jobs.open(plan.jobId);
  const results = await job.results(plan.channels);
  const image = async (key: string) => decodeImage(await pipeline.store.get(key));
  return { ...pipeline, plan, job, results, image };
}

const WHOLE = { maxSide: 1000, maxPixels: 1e6, maxPageSide: 500 };

test("a sheet within the limits is one image", async () => {
  const { plan, job, results, image } = await renderedJob();
  const sheet = await buildSheet(job, results, WHOLE);
  expect(sheet.pages).toEqual([]);
  expect(sheet.deepZoom).toBeNull();
  expect(sheet.montage).toMatchObject({ width: 6 * 22, height: sheet.layout.height });
  expect(await image(roundKeys(plan.jobId).montage())).toMatchObject({ width: 132 });
});

/** How files of the format begin, at a byte of theirs. */
test.each([
  ["jpeg", ".jpg", 0, "\xff\xd8\xff"],
  ["webp", ".webp", 8, "WEBP"],
] as const)(
  "a sheet of format %s is a file of it, so are its pages",
  async (format, ending, at, start) => {
    const { plan, job, results, store, image } = await renderedJob(format);
    const startsOf = async (key: string) =>
      Buffer.from((await store.get(key)).subarray(at, at + start.length)).toString("latin1");
    const sheet = await buildSheet(job, results, WHOLE);
    const { key, width, height } = sheet.montage;
    expect(key).toBe(`jobs/${plan.jobId}/montage${ending}`);
    expect(await startsOf(key)).toBe(start);
    expect(await image(key)).toMatchObject({ width, height });
    const about = sheetDescription(plan).text;
    expect(about).toContain('"channels":"1:23"');
    expect(Buffer.from(await store.get(key)).includes(about)).toBe(true);
    const cutUp = await buildSheet(job, results, { ...WHOLE, maxSide: 131, maxPageSide: 60 });
    const [page] = cutUp.pages;
    expect(page?.key).toBe(`jobs/${plan.jobId}/montage-pages/001${ending}`);
    expect(await startsOf(page!.key)).toBe(start);
    expect(Buffer.from(await store.get(page!.key)).includes(about)).toBe(true);
  },
);

/** The sheet of a request like that, all of whose images are there. */
async function sheetOf(own: Partial<RenderRequestInput>) {
  const pipeline = await memoryPipeline();
  const { network, layer } = TINY_REQUEST;
  const request = { network, layer, numIterations: 2, ...own };
  const accepted = await acceptRequest(request, pipeline.deps);
  if (accepted.status !== "accepted") throw new Error(accepted.problems.join("; "));
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
  const job = pipeline.jobs.open(accepted.plan.jobId);
  const { plan } = accepted;
  const { layout } = await buildSheet(job, await job.results(plan.channels), WHOLE);
  return { plan, layout };
}

test.each<[RenderRequestInput["method"], Montage, number, number]>([
  ["fourier", {}, 2, 2],
  ["fourier", { gridSize: [null, 3] }, 2, 3],
  // as imtile's, pixel for pixel
  ["deepdream", {}, 2, 3],
])("four portraits by %s with %j lie in %i rows of %i", async (method, own, rows, columns) => {
  const montage: Montage = { ...own, thumbnailSize: [30, 20] };
  const { layout } = await sheetOf({ method, channels: [1, 2, 3, 4], montage });
  expect(layout).toMatchObject({ rows, columns });
});

test.each<[RenderRequestInput["method"], Montage, readonly (string | null)[]]>([
  ["fourier", {}, ["#5", "#2"]],
  ["fourier", { labels: ["five", ""] }, ["five", null]],
  ["fourier", { labels: [] }, [null, null]],
  // as deepDreamImage's sheets are
  ["deepdream", {}, [null, null]],
  ["deepdream", { labels: "numbers" }, ["#5", "#2"]],
])("a sheet of %s and montage %j has labels %j", async (method, montage, wanted) => {
  const { layout } = await sheetOf({ method, channels: [5, 2], montage });
  expect(layout.tiles.map(({ label }) => label?.text ?? null)).toEqual(wanted);
});

test("a sheet that is laid as a layer's map has no labels, its manifest has", async () => {
  const targets = [{ channel: 5, at: "each" as const }];
  const montage: Montage = { thumbnailSize: [60, 80] };
  const sizes = { cropSize: 2, canvasSize: 4 };
  const { layout, plan } = await sheetOf({ method: "fourier", targets, montage, ...sizes });
  expect([layout.rows, layout.columns]).toEqual([2, 2]);
  expect(layout.tiles.map(({ label }) => label)).toEqual([null, null, null, null]);
  expect(plan.labels).toEqual(["#5 at 1,1", "#5 at 2,1", "#5 at 1,2", "#5 at 2,2"]);
});

test("a tile that is damaged is named", async () => {
  const { store, plan, job, results } = await renderedJob();
  const key = roundKeys(plan.jobId).tile(7);
  const tile = await store.get(key);
  await store.put(key, tile.subarray(0, tile.length - 20), "image/png");
  await expect(buildSheet(job, results, WHOLE)).rejects.toThrow(
    `'${key}' is not as it was written: the PNG image is damaged`,
  );
});

test("a larger one becomes pages, deep-zoom pieces and a small overview of the same picture", async () => {
  const { plan, job, results, image } = await renderedJob();
  await buildSheet(job, results, WHOLE);
  const whole = await image(roundKeys(plan.jobId).montage());
  const sheet = await buildSheet(job, results, { ...WHOLE, maxSide: 131, maxPageSide: 60 });

  // 60 px hold two columns of 22 px, and one row of 18 px below the title's strip, three elsewhere
  const { titleHeight } = sheet.layout;
  expect(sheet.pages.every(({ width, height }) => width <= 60 && height <= 60)).toBe(true);
  const first = await image(sheet.pages[0]!.key);
  expect(cut(first, 0, titleHeight, 44, 18)).toEqual(cut(whole, 0, titleHeight, 44, 18));

  const { jobId } = plan;
  const level = Math.ceil(Math.log2(132));
  expect(sheet.deepZoom).toEqual({ key: roundKeys(jobId).deepZoom });
  expect(await image(roundKeys(jobId).deepZoomPiece({ level, column: 0, row: 0 }))).toEqual(whole);
  const overview = await image(roundKeys(jobId).montage());
  expect(Math.max(overview.width, overview.height)).toBeLessThanOrEqual(60 + titleHeight);
});

test.each([
  // as large as the page's 600 px let them be; a strip of labels is 13 px high
  [[4, 6], 600, [100, 100], 13],
  [[4, 6], 300, [50, 50], 0],
  [[23, 1], 1_800, [1_800 / 23 - 13, 1_800 / 23 - 13], 13],
  // so flat that with labels they would have 61 x 17
  [[23, 1], 700, [700 / 23, (700 / 23) * (140 / 40)], 0],
] as const)(
  "an overview of %j tiles, %i px a side, has labels where there is room",
  async (gridSize, maxPageSide, sides, strip) => {
    const [tileHeight, tileWidth] = sides.map(Math.floor) as [number, number];
    const pipeline = await memoryPipeline({ wideChannels: 23 });
    const thumbnailSize: [number, number] = tileHeight === tileWidth ? [140, 140] : [40, 140];
    const own = { title: "", labels: "numbers", gridSize: [...gridSize], thumbnailSize } as const;
    const plan = await pipeline.accept({ channels: "all", montage: own as Montage });
    await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
    const job = pipeline.jobs.open(plan.jobId);
    const results = await job.results(plan.channels);
    const { montage } = await buildSheet(job, results, { ...WHOLE, maxSide: 800, maxPageSide });
    const [rows, columns] = gridSize;
    const [width, height] = [columns * tileWidth, rows * (tileHeight + strip)];
    expect(montage).toMatchObject({ width, height });
    expect(await decodeImage(await pipeline.store.get(montage.key))).toMatchObject({
      width,
      height,
    });
  },
);

test.each([
  ["rows and columns", 100, 60],
  ["rows only", 132, 132],
  ["single tiles", 22, 22],
])("pages hold every tile once, in order of rows, cut by %s", (_, sheetSide, maxSide) => {
  const labels = Array.from({ length: 23 }, (__, i) => `label ${i}`);
  const options = { borderSize: 1, title: "wider than the tiles of all columns together" };
  const layout = sheetLayout({ imageSize: { width: 20, height: 16 }, labels }, options);
  expect(layout.left).toBeGreaterThan(20);
  const pages = pageLayouts(layout, maxSide);
  expect(sheetSide).toBeGreaterThanOrEqual(maxSide);
  const indices = pages.flatMap(({ tiles }) => tiles.map(({ index }) => index));
  expect(indices.toSorted((a, b) => a - b)).toEqual(labels.map((__, i) => i));
  for (const { tiles, width, height } of pages) {
    for (const tile of tiles) {
      expect(tile.x >= 0 && tile.x + tile.width <= width).toBe(true);
      expect(tile.y >= 0 && tile.y + tile.height <= height).toBe(true);
    }
  }
});

function cut({ width, data }: Raster, left: number, top: number, columns: number, rows: number) {
  return Array.from({ length: rows }, (_, y) => {
    const from = ((top + y) * width + left) * 3;
    return [...data.subarray(from, from + columns * 3)];
  });
}

test("a sheet of which most images are missing has those alone that there are", async () => {
  const { plan, job, results, image } = await renderedJob();
  const cancelled = (channel: number) => ({
    ...resultOf(plan.jobId, channel, { state: "cancelled" }, { attempts: 1, now: new Date(0) }),
  });
  const endedWith = (drawn: readonly number[]) =>
    new Map(
      plan.channels.map((channel) => [
        channel,
        drawn.includes(channel) ? results.get(channel)! : cancelled(channel),
      ]),
    );
  const few = await buildSheet(job, endedWith([3, 9, 20, 21]), WHOLE);
  expect(few.shown).toEqual([3, 9, 20, 21]);
  expect(few.layout).toMatchObject({ rows: 2, columns: 2 });
  expect(await image(roundKeys(plan.jobId).montage())).toMatchObject({ width: 2 * 22 });
  const ended = endedWith([3, 9, 20, 21]);
  const { tiles } = sheetManifest(plan, ended, few, tallyOf(plan.total, [...ended.values()]));
  expect(tiles).toHaveLength(23);
  expect(tiles[8]).toMatchObject({ channel: 9, row: 0, column: 1, place: { x: 23, width: 20 } });
  expect(tiles[9]).toMatchObject({ channel: 10, state: "cancelled", place: null });

  const none = await buildSheet(job, endedWith([]), WHOLE);
  expect(none.shown).toEqual([plan.channels[0]]);
  expect(none.layout).toMatchObject({ rows: 1, columns: 1 });
  // half of them are worth their places among the others
  const half = await buildSheet(job, endedWith(plan.channels.slice(0, 12)), WHOLE);
  expect(half.shown).toEqual(plan.channels);
});
