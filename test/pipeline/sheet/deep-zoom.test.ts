import { expect, test } from "vitest";

import type { Raster } from "../../../lib/image/raster.ts";
import {
  type DeepZoomPiece,
  deepZoomDescriptor,
  hasPiece,
  writeDeepZoom,
} from "../../../lib/pipeline/sheet/deep-zoom.ts";
import { uniform } from "../../support/random.ts";

/** Of which the wider side alone needs an eleventh level. */
const SIZE = { width: 600, height: 501 };

function noise({ width, height }: typeof SIZE): Raster {
  const data = Uint8Array.from(uniform([height, width, 3], 5, [0, 256]).data);
  return { width, height, data };
}

/** The rows of `raster` in bands of the given heights, as they come from a sheet. */
function* bandsOf(raster: Raster, heights: readonly number[]): Generator<Raster> {
  const { width } = raster;
  let top = 0;
  for (const height of heights) {
    const data = raster.data.subarray(top * width * 3, (top + height) * width * 3);
    yield { width, height, data };
    top += height;
  }
}

async function tilesOf(raster: Raster, heights: readonly number[]): Promise<DeepZoomPiece[]> {
  const tiles: DeepZoomPiece[] = [];
  await writeDeepZoom(raster, bandsOf(raster, heights), (tile) => {
    tiles.push(tile);
    return Promise.resolve();
  });
  return tiles;
}

/** Puts the tiles of a level together again. */
function levelOf(tiles: readonly DeepZoomPiece[], level: number): Raster {
  const own = tiles.filter((tile) => tile.level === level);
  const width = sum(own.filter(({ row }) => row === 0).map(({ raster }) => raster.width));
  const height = sum(own.filter(({ column }) => column === 0).map(({ raster }) => raster.height));
  const data = new Uint8Array(width * height * 3);
  for (const { column, row, raster } of own) {
    for (let y = 0; y < raster.height; y++) {
      const from = y * raster.width * 3;
      const to = ((row * 256 + y) * width + column * 256) * 3;
      data.set(raster.data.subarray(from, from + raster.width * 3), to);
    }
  }
  return { width, height, data };
}

/** Green of one pixel. */
const at = (raster: Raster, x: number, y: number) => raster.data[(y * raster.width + x) * 3 + 1]!;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test("the last level is the image itself, however it was cut into bands", async () => {
  const image = noise(SIZE);
  for (const heights of [[501], [200, 200, 101], Array.from({ length: 501 }, () => 1)]) {
    const tiles = await tilesOf(image, heights);
    const { width, height, data } = levelOf(tiles, 10);
    expect({ width, height }).toEqual(SIZE);
    // toEqual takes seconds for a million bytes
    expect(Buffer.compare(data, image.data)).toBe(0);
  }
});

test("every level halves the one above, down to one pixel, in tiles of 256", async () => {
  const tiles = await tilesOf(noise(SIZE), [300, 201]);
  const sizes = Array.from({ length: 11 }, (_, level) => {
    const { width, height } = levelOf(tiles, level);
    return [width, height];
  });
  // ceil(600 / 2^k) x ceil(501 / 2^k), as the Deep Zoom format has it
  expect(sizes.toReversed()).toEqual([
    [600, 501],
    [300, 251],
    [150, 126],
    [75, 63],
    [38, 32],
    [19, 16],
    [10, 8],
    [5, 4],
    [3, 2],
    [2, 1],
    [1, 1],
  ]);
  const lastLevel = tiles.filter(({ level }) => level === 10);
  expect(lastLevel).toHaveLength(3 * 2);
  expect(lastLevel.find(({ column, row }) => column === 2 && row === 1)?.raster).toMatchObject({
    width: 600 - 512,
    height: 501 - 256,
  });
});

test("the pieces that there are, and no others, are known by the image's size", async () => {
  const places = (await tilesOf(noise(SIZE), [501])).map(
    ({ level, column, row }) => `${level}/${column}_${row}`,
  );
  const known: string[] = [];
  for (let level = 0; level < 13; level++) {
    for (let column = 0; column < 5; column++) {
      for (let row = 0; row < 5; row++) {
        const isThere = hasPiece({ ...SIZE, pieceSize: 256 }, { level, column, row });
        if (isThere) known.push(`${level}/${column}_${row}`);
      }
    }
  }
  expect(known.toSorted()).toEqual(places.toSorted());
});

test("a pixel of a smaller level is the mean of its four", async () => {
  const image = noise(SIZE);
  const half = levelOf(await tilesOf(image, [501]), 9);
  for (const [x, y] of [
    [0, 0],
    [17, 200],
    [299, 249],
  ] as const) {
    const four = [0, 1].flatMap((dx) => [0, 1].map((dy) => at(image, 2 * x + dx, 2 * y + dy)));
    expect(at(half, x, y)).toBe(Math.round(sum(four) / 4));
  }
  // 501 is odd: the last row stands for itself
  const last = [at(image, 6, 500), at(image, 7, 500)];
  expect(at(half, 3, 250)).toBe(Math.round(sum(last) / 2));
});

test("bands of another width are refused", async () => {
  const band = noise({ width: 599, height: 3 });
  const writing = writeDeepZoom(SIZE, [band], () => Promise.resolve());
  await expect(writing).rejects.toThrow("a band of 599 pixels for a level of 600");
});

test("the descriptor names format, tile and size", () => {
  expect(deepZoomDescriptor(SIZE)).toContain(
    'Format="png" Overlap="0" TileSize="256"><Size Width="600" Height="501"/>',
  );
});
