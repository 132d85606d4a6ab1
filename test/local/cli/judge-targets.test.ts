import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster, type Raster, type Rgb } from "../../../lib/image/raster.ts";
import { readPicture } from "../../../lib/image/user-file.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { run } from "./command-line.ts";

const SIZE = { width: 10, height: 12 };

/** What it says of a picture: how far red, green and blue are above 128, in 0..255. */
const RECTIFIED = sketch({
  inputs: { image: [1, 3, SIZE.height, SIZE.width] },
  nodes: [node("Relu", "image", "colours")],
  outputs: ["colours"],
});

interface Sheet {
  readonly request: object;
  /** Of the tiles, the number of each first. */
  readonly pictures: readonly (readonly [number: number, picture: Raster])[];
  readonly labels?: readonly string[];
}

/** A sheet whose network was given by its path, in a folder of its own: what `judge` is told. */
async function written({ request, pictures, labels = [] }: Sheet) {
  const folder = await temporaryFolder();
  const network = join(folder, "colours.onnx");
  await writeFile(network, writeModel(RECTIFIED, 18));
  await mkdir(join(folder, "a.tiles"));
  for (const [number, picture] of pictures) {
    await writeFile(join(folder, `a.tiles/${number}.png`), await encodePng(picture));
  }
  const manifest = join(folder, "a.manifest.json");
  const tiles = pictures.map(([number], i) => {
    const label = labels[i] ?? null;
    return { channel: number, label, tile: { key: `jobs/j/tiles/${number}.png` } };
  });
  const id = "colours-12345678";
  const about = { network: { id }, layer: { index: 2 }, given: { network }, request };
  await writeFile(manifest, JSON.stringify({ ...about, tiles }));
  return { folder, network, manifest };
}

async function jsonOf(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout } = await run("judge", ...words, "--json");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What `judge` finds of a sheet's pictures. */
async function compared(sheet: Sheet): Promise<unknown> {
  const { manifest } = await written(sheet);
  return (await jsonOf(manifest))["comparison"];
}

test("pictures of targets are compared on the channel that they raise, where there is one", async () => {
  const targets = [
    { channel: 1 },
    { channels: { "2": 1, "3": -1 } },
    { channel: 3, diversity: 2 },
    { channel: 2, at: "centre" },
  ];
  const colours: readonly Rgb[] = [
    [255, 0, 0],
    [9, 99, 9],
    [0, 0, 255],
    [0, 0, 200],
    [50, 0, 0],
  ];
  const pictures = colours.map((colour, i) => [i + 1, filledRaster(SIZE, colour)] as const);
  expect(await compared({ request: { targets }, pictures })).toMatchObject({
    compared: 3,
    left: 2,
    firstAmongOthers: 1,
    firstAmongPhotos: null,
    pictures: [
      { channel: 1, activation: expect.closeTo(127, 4) as number, aboveOthers: 1 },
      { channel: 3, activation: expect.closeTo(127, 4) as number, aboveOthers: 1 },
      // the brighter one is of the same channel
      { channel: 4, activation: expect.closeTo(72, 4) as number, aboveOthers: 1 },
    ],
  });
});

test("a sheet's channels lie along the axis that its request says", async () => {
  const picture = filledRaster(SIZE, [0, 0, 0]);
  // red in the seventh column
  for (let row = 0; row < SIZE.height; row++) picture.data[3 * (SIZE.width * row + 6)] = 255;
  const found = await compared({ request: { channelAxis: 3 }, pictures: [[7, picture]] });
  expect(found).toMatchObject({
    pictures: [{ channel: 7, activation: expect.closeTo(127 / 3, 4) as number }],
  });
});

test("pictures of one class that differ are judged by its name", async () => {
  const targets = [{ channel: 1 }, { channel: 3, diversity: 2 }, { channel: 1, at: "centre" }];
  const colours: readonly Rgb[] = [
    [255, 0, 0],
    [0, 0, 255],
    [200, 0, 0],
    [255, 0, 0],
  ];
  const { folder, network, manifest } = await written({
    request: { targets },
    pictures: colours.map((colour, i) => [i + 1, filledRaster(SIZE, colour)] as const),
    labels: ["red", "blue 1/2", "blue 2/2", "red at centre"],
  });
  const names = join(folder, "labels.txt");
  await writeFile(names, "red\ngreen\nblue\n");
  expect(await jsonOf(manifest, "--by", network, "--labels", names)).toMatchObject({
    judgement: {
      judged: 3,
      pictures: [
        { label: "red", rank: 1 },
        { label: "blue 1/2", rank: 1 },
        { label: "blue 2/2", rank: 3, seen: "red" },
        { label: "red at centre", problem: "no such class" },
      ],
    },
  });
});

test("a photograph may have more pixels than any picture that is drawn", async () => {
  const path = join(await temporaryFolder(), "photo.png");
  await writeFile(path, await encodePng(filledRaster({ width: 5_000, height: 3_400 }, [9, 9, 9])));
  const { width, height, data } = await readPicture(path);
  expect([width, height, ...data.slice(-3)]).toEqual([5_000, 3_400, 9, 9, 9]);
});
